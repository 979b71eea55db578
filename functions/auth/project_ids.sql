create function auth.project_ids(lowest_role text default 'viewer')
  returns bigint[]
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  -- PL/pgSQL keeps the plan for a session; before PostgreSQL 18, SQL would plan at each call, in each request.
  -- In order, because each look-up by index that uses them sorts them again, which is quick when they are sorted.
  return (
    select coalesce(array_agg(m.project_id order by m.project_id), '{}')
    from api.project_members as m
    where m.user_id = auth.user_id()
      and case lowest_role
        when 'viewer' then true
        when 'contributor' then m.role in ('contributor', 'admin')
        when 'admin' then m.role = 'admin'
        else false
      end
  );
end
$$;
comment on function auth.project_ids(text) is 'The projects in which the caller is at least a viewer, contributor or admin. Definer, because the policy of project_members itself calls it; it answers about the caller only.';
grant execute on function auth.project_ids(text) to api_user;

create function auth.peer_ids()
  returns bigint[]
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  -- PL/pgSQL keeps the plan for a session; before PostgreSQL 18, SQL would plan at each call, in each request.
  return (
    select coalesce(array_agg(p.user_id order by p.user_id), '{}')
    from (
      select auth.user_id() as user_id
      where auth.user_id() is not null
      union
      select m.user_id
      from api.project_members as m
      where m.project_id = any ((select auth.project_ids())::bigint[])
    ) as p
  );
end
$$;
comment on function auth.peer_ids() is 'The people whom the caller may see: themself and everybody in their projects. Definer, because the policies of users and project_members call it; it answers about the caller only.';
grant execute on function auth.peer_ids() to api_user;

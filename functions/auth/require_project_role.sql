create function auth.require_project_role(project_id bigint, lowest_role text)
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  if require_project_role.project_id = any (auth.project_ids(lowest_role)) then
    return;
  end if;
  if require_project_role.project_id = any (auth.project_ids()) then
    raise exception 'your role in this project does not allow that'
      using
        errcode = 'insufficient_privilege',
        hint = format('it takes the role %s', lowest_role);
  end if;
  raise exception 'no such project'
    using
      errcode = 'PT404',
      hint = 'GET /projects lists yours';
end
$$;
comment on function auth.require_project_role(bigint, text) is 'Passes for callers with that role or a higher one: 403 for other members, and 404 for everybody else, whether the project exists or not. Definer, because it must not depend on what the caller may read.';
grant execute on function auth.require_project_role(bigint, text) to api_user;

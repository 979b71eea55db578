create function auth.require_task_role(task_id bigint, lowest_role text)
  returns bigint
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  home bigint;
begin
  select t.project_id
  into home
  from api.tasks as t
  where t.id = require_task_role.task_id
    and t.project_id = any (auth.project_ids());
  if home is null then
    raise exception 'no such task'
      using
        errcode = 'PT404',
        hint = 'GET /tasks lists yours';
  end if;
  perform auth.require_project_role(home, lowest_role);
  return home;
end
$$;
comment on function auth.require_task_role(bigint, text) is 'The project of a task, for callers with that role in it or a higher one: 403 for other members, and 404 for everybody else, whether the task exists or not. Definer, because it must not depend on what the caller may read.';
grant execute on function auth.require_task_role(bigint, text) to api_user;

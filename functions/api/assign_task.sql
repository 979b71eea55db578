create function api.assign_task(task_id bigint, assignee_id bigint)
  returns api.task_details
  language plpgsql
  volatile
  set search_path = ''
as $$
declare
  home constant bigint := auth.require_task_role(assign_task.task_id, 'contributor');
  assigned api.task_details;
begin
  if assign_task.assignee_id is not null and not exists (
    select
    from api.project_members as m
    where m.project_id = home
      and m.user_id = assign_task.assignee_id
  ) then
    raise exception 'the assignee is not a member of the project'
      using
        errcode = 'invalid_parameter_value',
        hint = 'GET /project_members lists them; null takes the assignee away';
  end if;
  update api.tasks as t
  set assigned_to = assign_task.assignee_id
  where t.id = assign_task.task_id;
  select d.*
  into assigned
  from api.task_details as d
  where d.id = assign_task.task_id;
  return assigned;
exception
  -- They left at this moment.
  when foreign_key_violation then
    raise exception 'the assignee is not a member of the project'
      using
        errcode = 'invalid_parameter_value',
        hint = 'GET /project_members lists them; null takes the assignee away';
end
$$;
comment on function api.assign_task(bigint, bigint) is
$$Assign a task, or with null unassign it

For contributors and admins; answers the task. 404 for a task that is not in the caller's projects, 403 for viewers, 400 when the assignee is no member.$$;
grant execute on function api.assign_task(bigint, bigint) to api_user;

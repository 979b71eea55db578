create function auth.set_task_status(task_id bigint, new_status text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  perform auth.require_task_role(task_id, 'viewer');
  if not exists (
    select
    from api.tasks as t
    where t.id = set_task_status.task_id
      and t.assigned_to = auth.user_id()
  ) then
    perform auth.require_task_role(task_id, 'contributor');
  end if;
  if new_status is null or new_status not in ('pending', 'in_progress', 'completed', 'cancelled') then
    raise exception 'there is no such status'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a status is pending, in_progress, completed or cancelled';
  end if;
  -- Asked again in the statement that writes: somebody may have lost the task, or left, in between.
  update api.tasks as t
  set status = new_status
  where t.id = set_task_status.task_id
    and t.project_id = any (auth.project_ids())
    and (t.assigned_to = auth.user_id() or t.project_id = any (auth.project_ids('contributor')));
end
$$;
comment on function auth.set_task_status(bigint, text) is 'Moves a task''s status, for contributors and for its assignee. Definer, because an assignee who is a viewer may change this one column and nothing else.';
grant execute on function auth.set_task_status(bigint, text) to api_user;

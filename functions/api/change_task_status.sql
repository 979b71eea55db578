create function api.change_task_status(task_id bigint, new_status text)
  returns api.task_details
  language plpgsql
  volatile
  set search_path = ''
as $$
declare
  changed api.task_details;
begin
  perform auth.set_task_status(change_task_status.task_id, change_task_status.new_status);
  select d.*
  into changed
  from api.task_details as d
  where d.id = change_task_status.task_id;
  return changed;
end
$$;
comment on function api.change_task_status(bigint, text) is
$$Move a task to another status

pending, in_progress, completed or cancelled. For contributors, admins, and its assignee even as a viewer; answers the task. 404 for a task that is not in the caller's projects, 403 for other viewers, 400 for another status.$$;
grant execute on function api.change_task_status(bigint, text) to api_user;

create function internal.notify_task_changes()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  -- Numbers and one word: far below the 8,000 bytes at which NOTIFY would make the write itself fail. Whoever listens
  -- reads the task again, with the rights of the person it is for.
  if tg_op = 'INSERT' then
    perform internal.notify_task('INSERT', n.id, n.project_id, n.status)
    from new_tasks as n;
  elsif tg_op = 'DELETE' then
    perform internal.notify_task('DELETE', o.id, o.project_id, o.status)
    from old_tasks as o;
  else
    -- updated_at moves exactly when something changed. Not a join: a plan for joining that was made for one row is
    -- quadratic for many.
    perform internal.notify_task('UPDATE', c.id, c.project_id, c.status)
    from (
      select n.id, n.project_id, n.status, n.updated_at
      from new_tasks as n
      except
      select o.id, o.project_id, o.status, o.updated_at
      from old_tasks as o
    ) as c;
  end if;
  return null;
end
$$;
comment on function internal.notify_task_changes() is 'Sends one message on task_changes for each task that a statement changed. Definer, so that it does not depend on what the writer may call.';

create trigger notify_inserted
  after insert on api.tasks
  referencing new table as new_tasks
  for each statement
  execute function internal.notify_task_changes();

create trigger notify_updated
  after update on api.tasks
  referencing old table as old_tasks new table as new_tasks
  for each statement
  execute function internal.notify_task_changes();

create trigger notify_deleted
  after delete on api.tasks
  referencing old table as old_tasks
  for each statement
  execute function internal.notify_task_changes();

create function internal.touch_updated_at()
  returns trigger
  language plpgsql
  set search_path = ''
as $$
begin
  -- The clock, not the start of the transaction, and never backwards: clients compare it.
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  return new;
end
$$;
comment on function internal.touch_updated_at() is 'Moves updated_at of a row that really changes; the triggers say when that is.';

create trigger touch_updated_at
  before update on api.projects
  for each row
  when ((old.name, old.description, old.owner_id) is distinct from (new.name, new.description, new.owner_id))
  execute function internal.touch_updated_at();

create trigger touch_updated_at
  before update on api.tasks
  for each row
  when (
    (old.title, old.description, old.status, old.due_date, old.project_id, old.assigned_to, old.created_by, old.metadata)
    is distinct from
    (new.title, new.description, new.status, new.due_date, new.project_id, new.assigned_to, new.created_by, new.metadata)
  )
  execute function internal.touch_updated_at();

create trigger touch_updated_at
  before update on api.comments
  for each row
  when ((old.content, old.task_id, old.user_id) is distinct from (new.content, new.task_id, new.user_id))
  execute function internal.touch_updated_at();

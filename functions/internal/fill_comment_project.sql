create function internal.fill_comment_project()
  returns trigger
  language plpgsql
  set search_path = ''
as $$
begin
  select t.project_id
  into new.project_id
  from api.tasks as t
  where t.id = new.task_id;
  if new.project_id is null then
    raise exception 'no such task'
      using
        errcode = 'PT404',
        hint = 'GET /tasks lists yours';
  end if;
  return new;
end
$$;
comment on function internal.fill_comment_project() is 'Fills a comment''s project from its task. Invoker on purpose: a task that the caller may not see is the same as none.';

create trigger fill_comment_project
  before insert on api.comments
  for each row
  when (new.project_id is null)
  execute function internal.fill_comment_project();

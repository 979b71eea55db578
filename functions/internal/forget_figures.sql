create function internal.forget_figures()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  if tg_table_name = 'tasks' then
    update stats.project_figures as f
    set
      total_tasks = 0,
      completed_tasks = 0
    where f.total_tasks <> 0;
  else
    update stats.project_figures as f
    set member_count = 0
    where f.member_count <> 0;
  end if;
  return null;
end
$$;
comment on function internal.forget_figures() is 'TRUNCATE tells no other trigger what it removed. Definer, because no API role may write figures.';

create trigger forget_figures
  after truncate on api.tasks
  for each statement
  execute function internal.forget_figures();

create trigger forget_figures
  after truncate on api.project_members
  for each statement
  execute function internal.forget_figures();

create function internal.count_tasks()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  -- Rows are locked in one order, so that two statements over several projects cannot wait for each other.
  if tg_op = 'INSERT' then
    perform
    from stats.project_figures as f
    where f.project_id in (select n.project_id from new_tasks as n)
    order by f.project_id
    for no key update;
    update stats.project_figures as f
    set
      total_tasks = f.total_tasks + d.total,
      completed_tasks = f.completed_tasks + d.completed
    from (
      select n.project_id, count(*) as total, count(*) filter (where n.status = 'completed') as completed
      from new_tasks as n
      group by n.project_id
    ) as d
    where f.project_id = d.project_id;
  elsif tg_op = 'DELETE' then
    perform
    from stats.project_figures as f
    where f.project_id in (select o.project_id from old_tasks as o)
    order by f.project_id
    for no key update;
    update stats.project_figures as f
    set
      total_tasks = f.total_tasks - d.total,
      completed_tasks = f.completed_tasks - d.completed
    from (
      select o.project_id, count(*) as total, count(*) filter (where o.status = 'completed') as completed
      from old_tasks as o
      group by o.project_id
    ) as d
    where f.project_id = d.project_id;
  else
    -- Summed up and not joined row by row: a plan for joining that was made for one row is quadratic for many.
    perform
    from stats.project_figures as f
    where f.project_id in (
      select c.project_id
      from (
        select n.project_id, 1 as total, (n.status = 'completed')::integer as completed
        from new_tasks as n
        union all
        select o.project_id, -1, -(o.status = 'completed')::integer
        from old_tasks as o
      ) as c
      group by c.project_id
      having sum(c.total) <> 0 or sum(c.completed) <> 0
    )
    order by f.project_id
    for no key update;
    if found then
      update stats.project_figures as f
      set
        total_tasks = f.total_tasks + d.total,
        completed_tasks = f.completed_tasks + d.completed
      from (
        select c.project_id, sum(c.total) as total, sum(c.completed) as completed
        from (
          select n.project_id, 1 as total, (n.status = 'completed')::integer as completed
          from new_tasks as n
          union all
          select o.project_id, -1, -(o.status = 'completed')::integer
          from old_tasks as o
        ) as c
        group by c.project_id
        having sum(c.total) <> 0 or sum(c.completed) <> 0
      ) as d
      where f.project_id = d.project_id;
    end if;
  end if;
  return null;
end
$$;
comment on function internal.count_tasks() is 'Keeps the task figures of the projects that a statement touched, and of no other. Definer, because no API role may write figures.';

create trigger count_inserted
  after insert on api.tasks
  referencing new table as new_tasks
  for each statement
  execute function internal.count_tasks();

create trigger count_updated
  after update on api.tasks
  referencing old table as old_tasks new table as new_tasks
  for each statement
  execute function internal.count_tasks();

create trigger count_deleted
  after delete on api.tasks
  referencing old table as old_tasks
  for each statement
  execute function internal.count_tasks();

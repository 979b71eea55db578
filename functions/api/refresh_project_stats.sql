create function api.refresh_project_stats()
  returns bigint
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  wrong bigint;
begin
  -- Waits for writers that are under way and holds off new ones, so that what is counted is what stands.
  lock table stats.project_figures in share row exclusive mode;
  with counted as (
    select
      p.id as project_id,
      coalesce(t.total, 0) as total_tasks,
      coalesce(t.completed, 0) as completed_tasks,
      coalesce(m.members, 0) as member_count
    from api.projects as p
    left join (
      select k.project_id, count(*) as total, count(*) filter (where k.status = 'completed') as completed
      from api.tasks as k
      group by k.project_id
    ) as t on t.project_id = p.id
    left join (
      select k.project_id, count(*) as members
      from api.project_members as k
      group by k.project_id
    ) as m on m.project_id = p.id
  ),
  mended as (
    insert into stats.project_figures as f (project_id, total_tasks, completed_tasks, member_count)
    select c.project_id, c.total_tasks, c.completed_tasks, c.member_count
    from counted as c
    on conflict (project_id) do update
    set
      total_tasks = excluded.total_tasks,
      completed_tasks = excluded.completed_tasks,
      member_count = excluded.member_count
    where (f.total_tasks, f.completed_tasks, f.member_count)
      <> (excluded.total_tasks, excluded.completed_tasks, excluded.member_count)
    returning 1
  )
  select count(*)
  into wrong
  from mended;
  return wrong;
end
$$;
comment on function api.refresh_project_stats() is 'Count every project''s figures anew, and answer how many were wrong. For the owner of the database, for repair: no API role may call it. Definer, so that whoever is given it needs no table.';

-- A million tasks for the benchmarks, into a freshly built database without data. Run as its owner.
--
-- Settings (`set bench.tasks = …` before; each has a default):
--   bench.tasks     how many tasks (1000000)
--   bench.projects  in how many projects (a hundredth)
--   bench.wide      on: rows of about 800 bytes (off: about 200)
--   bench.layout    mixed: the tasks of a project are spread over the whole table, as when everybody works at once;
--                   grouped: they lie side by side, as after an import (mixed)
--
-- The last four of the 1,000 users are the callers that are measured (the numbers are those of a million tasks):
--    997  no project
--    998  one project, with 3 tasks
--    999  ten projects, with 1,000 tasks
--   1000  a tenth of all projects: a thousand, with 100,000 tasks
-- The word `common` is in every task, `rare` in one of 500.

-- What a load needs not pay for row by row: it is made again below, word for word and in the same order.
create temporary table put_aside as
  select
    c.oid as made,
    format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname) as drop_it,
    format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) as make_it
  from pg_constraint as c
  where c.contype = 'f'
    and c.connamespace in ('api'::regnamespace, 'stats'::regnamespace)
  union all
  select
    i.indexrelid,
    format('drop index %s', i.indexrelid::regclass),
    pg_get_indexdef(i.indexrelid)
  from pg_index as i
  where i.indrelid in ('api.tasks'::regclass, 'api.comments'::regclass)
    and not exists (
      select
      from pg_constraint as c
      where c.conindid = i.indexrelid
    );

do $$
declare
  aside record;
begin
  for aside in select a.drop_it from pg_temp.put_aside as a order by a.made desc loop
    execute aside.drop_it;
  end loop;
end
$$;
alter table api.projects disable trigger user;
alter table api.project_members disable trigger user;
alter table api.tasks disable trigger user;
alter table api.comments disable trigger user;

create temporary table size as
  select
    coalesce(nullif(current_setting('bench.tasks', true), ''), '1000000')::integer as tasks,
    coalesce(
      nullif(current_setting('bench.projects', true), '')::integer,
      coalesce(nullif(current_setting('bench.tasks', true), ''), '1000000')::integer / 100
    ) as projects,
    coalesce(nullif(current_setting('bench.wide', true), ''), 'off')::boolean as wide,
    coalesce(nullif(current_setting('bench.layout', true), ''), 'mixed') as layout;

insert into api.users (email, name)
select format('user%s@example.com', u), format('User %s', u)
from generate_series(1, 1000) as u;
insert into auth.credentials (user_id, password_hash)
select u.id, 'none'
from api.users as u;

-- Project p belongs to one of the 996 others, and has four more members.
insert into api.projects (name, description, owner_id)
select format('Project %s', p), 'A project of the benchmarks', 1 + p % 996
from pg_temp.size as s
cross join generate_series(1, s.projects) as p;

insert into api.project_members (project_id, user_id, role)
select p.id, p.owner_id, 'admin'
from api.projects as p
union all
select p.id, 1 + (p.id + k * 97) % 996, (array['viewer', 'contributor', 'contributor', 'admin'])[k]
from api.projects as p
cross join generate_series(1, 4) as k
union all
select 2, 998, 'contributor'
union all
select p.id, 999, 'contributor'
from pg_temp.size as s
join api.projects as p on p.id % (s.projects / 10) = 5
union all
select p.id, 1000, 'contributor'
from api.projects as p
where p.id % 10 = 7;

-- As many tasks in each project; of project 2 all but three go to project 1. 7919 has no factor in common with the number of
-- projects, so the remainder visits each project equally often.
insert into api.tasks (title, description, status, due_date, project_id, assigned_to, created_by, metadata, created_at, updated_at)
select
  format('Task %s common', g),
  format(
    '%s word%s%s',
    case when chance.n % 500 = 0 then 'rare' else 'plain' end,
    chance.n % 997,
    case when s.wide then ' ' || repeat('x', 290) end
  ),
  (array['pending', 'in_progress', 'completed', 'cancelled', 'pending'])[1 + chance.n / 7 % 5],
  case when chance.n % 3 > 0 then timestamptz '2025-01-01 00:00+00' + chance.n % 1000003 * interval '1 minute' end,
  home.project_id,
  case when chance.n % 2 = 0 then 1 + (home.project_id + 97 * (chance.n / 2 % 5)) % 996 end,
  1 + (home.project_id + 97 * (chance.n / 3 % 5)) % 996,
  jsonb_build_object('tags', jsonb_build_array(format('tag%s', chance.n % 1000)), 'estimate', chance.n % 10),
  timestamptz '2025-01-01 00:00+00' + g * interval '30 seconds',
  timestamptz '2025-01-01 00:00+00' + g * interval '30 seconds'
from pg_temp.size as s
cross join generate_series(1, s.tasks) as g
cross join lateral (
  select hashint4(g) & 1073741823 as n
) as chance
cross join lateral (
  select
    case s.layout
      when 'grouped' then 1 + (g - 1) / (s.tasks / s.projects)
      else 1 + (g::bigint * 7919 % s.projects)::integer
    end as p
) as turn
cross join lateral (
  select
    case
      when turn.p = 2 and case s.layout when 'grouped' then (g - 1) % (s.tasks / s.projects) else (g - 1) / s.projects end >= 3
        then 1
      else turn.p
    end as project_id
) as home;

-- One task in five has a comment, and one in a hundred has ten more.
insert into api.comments (content, task_id, project_id, user_id)
select format('Comment %s on task %s', k, t.id), t.id, t.project_id, t.created_by
from api.tasks as t
cross join lateral generate_series(1, (hashint8(t.id) % 5 = 0)::integer + 10 * (hashint8(t.id) % 100 = 0)::integer) as k;

insert into stats.project_figures (project_id)
select p.id
from api.projects as p;

do $$
declare
  aside record;
begin
  for aside in select a.make_it from pg_temp.put_aside as a order by a.made loop
    execute aside.make_it;
  end loop;
end
$$;
alter table api.projects enable trigger user;
alter table api.project_members enable trigger user;
alter table api.tasks enable trigger user;
alter table api.comments enable trigger user;
select api.refresh_project_stats();
drop table pg_temp.put_aside, pg_temp.size;

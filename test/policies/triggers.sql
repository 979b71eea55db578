-- What the database does by itself when somebody writes.
begin;
select no_plan();

select triggers_are('api', name, triggers, name || ' has these triggers')
from (
  values
    ('users', '{}'::name[]),
    ('projects', '{touch_updated_at,welcome_new_owner,welcome_owner}'),
    ('project_members', '{count_deleted,count_inserted,count_updated,forget_figures,keep_owner_admin,keep_owner_member}'),
    ('tasks', '{count_deleted,count_inserted,count_updated,forget_figures,notify_deleted,notify_inserted,notify_updated,touch_updated_at}'),
    ('comments', '{fill_comment_project,touch_updated_at}')
) as t (name, triggers);

-- Each change moves updated_at, and what changes nothing does not.
create function pg_temp.moves(tab text, change text, which text)
  returns boolean
  language plpgsql
as $$
declare
  moved boolean;
begin
  execute format('update api.%1$I as t set updated_at = ''2020-01-01''', tab);
  execute format('update api.%1$I as t set %2$s where %3$s', tab, change, which);
  execute format('select bool_and(t.updated_at > ''2020-01-01'') from api.%I as t where %s', tab, which) into moved;
  return moved;
end
$$;
insert into api.tasks (title, project_id) select 'Loose', tests.project('Common room');
select is(pg_temp.moves(tab, change, which), moved, format('%s: %s %s updated_at', tab, change, case when moved then 'moves' else 'leaves' end))
from (
  values
    ('projects', 'description = ''other''', 'true', true),
    ('projects', 'owner_id = tests.id(''Vera'')', 'name = ''Common room''', true),
    ('projects', 'name = name || ''!''', 'true', true),
    ('projects', 'name = name, description = description, owner_id = owner_id', 'true', false),
    ('tasks', 'project_id = (select p.id from api.projects as p where p.name = ''Borealis!'')', 'title = ''Loose''', true),
    ('tasks', 'assigned_to = (select p.owner_id from api.projects as p where p.id = t.project_id)', 'true', true),
    ('tasks', 'created_by = tests.id(''Stella'')', 'true', true),
    ('tasks', 'title = title || ''!''', 'true', true),
    ('tasks', 'description = ''other''', 'true', true),
    ('tasks', 'status = ''completed''', 'true', true),
    ('tasks', 'due_date = ''2030-01-01''', 'true', true),
    ('tasks', 'metadata = ''{"estimate": 5}''', 'true', true),
    ('tasks', 'title = title, status = status, metadata = metadata', 'true', false),
    ('comments', 'task_id = (select o.id from api.tasks as o where o.title = ''Guidance!'')', 'content = ''By Rita''', true),
    ('comments', 'user_id = null', 'true', true),
    ('comments', 'content = content || ''!''', 'true', true),
    ('comments', 'content = content', 'true', false)
) as t (tab, change, which, moved);
delete from api.tasks where title = 'Loose!';


-- The figures follow each write.
create function pg_temp.figures()
  returns text
  language sql
return (
  select format('%s tasks, %s completed, %s members', f.total_tasks, f.completed_tasks, f.member_count)
  from stats.project_figures as f
  join api.projects as p on p.id = f.project_id
  where p.name = 'Borealis!'
);
select is(pg_temp.figures(), '1 tasks, 1 completed, 1 members', 'a task that was completed counts as completed');
insert into api.tasks (title, project_id) select 'New', p.id from api.projects as p where p.name = 'Borealis!';
select is(pg_temp.figures(), '2 tasks, 1 completed, 1 members', 'a new task counts');
delete from api.tasks where title = 'New';
select is(pg_temp.figures(), '1 tasks, 1 completed, 1 members', 'one that is deleted does not');
insert into api.project_members (project_id, user_id, role) select p.id, tests.id('Vera'), 'viewer' from api.projects as p where p.name = 'Borealis!';
select is(pg_temp.figures(), '1 tasks, 1 completed, 2 members', 'a new member counts');
delete from api.project_members as m using api.projects as p where p.id = m.project_id and p.name = 'Borealis!' and m.user_id = tests.id('Vera');
select is(pg_temp.figures(), '1 tasks, 1 completed, 1 members', 'one who left does not');

-- However a project changes hands, its new owner is its admin.
update api.projects set owner_id = tests.id('Stella') where name = 'Borealis!';
select results_eq(
  $$ select m.role from api.project_members as m join api.projects as p on p.id = m.project_id where p.name = 'Borealis!' and m.user_id = tests.id('Stella') $$,
  $$ values ('admin') $$,
  'who is given a project becomes its admin'
);
update api.project_members as m set role = 'viewer' from api.projects as p where p.id = m.project_id and p.name = 'Borealis!' and m.user_id = tests.id('Omar');
update api.projects set owner_id = tests.id('Omar') where name = 'Borealis!';
select results_eq(
  $$ select m.role from api.project_members as m join api.projects as p on p.id = m.project_id where p.name = 'Borealis!' and m.user_id = tests.id('Omar') $$,
  $$ values ('admin') $$,
  'also who was a viewer'
);

-- Nor does the membership of an owner go elsewhere, or to somebody else.
select throws_ok(format('update api.project_members set %s where project_id = tests.project(''Apollo!'') and user_id = tests.id(''Olga'')', change), '42501',
  'the owner of a project stays its admin', 'refused: ' || change)
from unnest(array['user_id = tests.id(''Stella'')', 'project_id = tests.project(''Borealis!'')', 'role = ''viewer''']) as change;

truncate api.tasks cascade;
select is(pg_temp.figures(), '0 tasks, 0 completed, 2 members', 'without tasks none counts');

select * from finish();
rollback;

-- Members see tasks, contributors write them, admins and the contributor who made one delete it.
begin;
select no_plan();

select tests.only(tests.members(),
  $$ select * from api.tasks where title = 'Guidance' $$, 'sees_nothing', 'see a task of Apollo');
select tests.only('{Omar}', $$ select * from api.tasks where title = 'Hidden' $$, 'sees_nothing', 'see a task of Borealis');

select tests.only('{Olga,Adam,Cora,Arthur}',
  $$ insert into api.tasks (title, description, project_id) values ('New', 'Task', tests.project('Apollo')) $$,
  'refuses', 'make a task in Apollo');
select tests.only('{Olga,Adam,Cora,Arthur}',
  $$ insert into api.tasks (title, project_id, created_by) values ('New', tests.project('Apollo'), auth.user_id()) $$,
  'refuses', 'say that a task is theirs');
select tests.only('{Arthur}',
  $$ insert into api.tasks (title, project_id, created_by) values ('New', tests.project('Apollo'), tests.id('Arthur')) $$,
  'refuses', 'make a task in Arthur''s name');
select tests.only('{}',
  $$ insert into api.tasks (title, project_id) values ('New', 999999999) $$, 'refuses', 'make a task in a project that is not there');

select tests.only('{Olga,Adam,Cora,Arthur}',
  format('update api.tasks set %s where title = ''Guidance''', change), 'filters', 'set ' || change)
from unnest(array[
  'title = ''New''', 'description = ''New''', 'status = ''completed''', 'due_date = ''2030-01-01''', 'assigned_to = null', 'metadata = ''{"estimate": 5}'''
]) as change;

select tests.only('{Olga,Adam,Arthur}',
  $$ delete from api.tasks where title = 'Guidance' $$, 'filters', 'delete the task that Arthur made');
select tests.only('{Olga,Adam}',
  $$ delete from api.tasks where title = 'Archive' $$, 'filters', 'delete the task that Rita made while she contributed');

select tests.as_user('Olga');
select tests.denies(format('update api.tasks set %I = default where title = ''Guidance''', fixed), 'nobody sets ' || fixed)
from unnest('{id,project_id,created_by,created_at,updated_at,search_vector}'::text[]) as fixed;
select tests.denies(
  format('insert into api.tasks (title, project_id, %I) values (''New'', tests.project(''Apollo''), ''2020-01-01'')', fixed),
  'nobody chooses a new task''s ' || fixed
)
from unnest('{created_at,updated_at}'::text[]) as fixed;
select tests.raises($$ insert into api.tasks (id, title, project_id) values (424242, 'New', tests.project('Apollo')) $$, 400,
  'nobody chooses a new task''s id');
select tests.raises($$ update api.tasks set assigned_to = tests.id('Stella') where title = 'Guidance' $$, 409,
  'nobody assigns a task to somebody who is no member');

-- Whoever changes all that they see changes no more than they may.
select tests.back_to_owner();
select tests.as_user('Omar');
select tests.lets($$ update api.tasks set status = 'completed' $$, 1, 'without a filter, Omar changes the tasks of Borealis and no other');
select tests.lets($$ delete from api.tasks $$, 1, 'and deletes them and no other');

select * from finish();
rollback;

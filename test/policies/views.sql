-- A view shows everybody the rows that its tables show them, and no more; nobody writes through one.
begin;
select no_plan();

refresh materialized view stats.project_activity;

select tests.only(tests.members(), $$ select * from api.project_details where name = 'Apollo' $$, 'sees_nothing', 'see Apollo in project_details');
select tests.only(tests.members(), $$ select * from api.project_stats where name = 'Apollo' $$, 'sees_nothing', 'see Apollo in project_stats');
select tests.only(tests.members(), $$ select * from api.task_details where title = 'Guidance' $$, 'sees_nothing', 'see a task of Apollo in task_details');
select tests.only(tests.members() || '{Nina}', $$ select * from api.user_profiles where name = 'Vera' $$, 'sees_nothing', 'see Vera in user_profiles');
select tests.only(tests.members(), $$ select * from api.project_activity where project_id = tests.project('Apollo') $$, 'sees_no_row', 'see Apollo in project_activity');
select tests.only('{Omar}', $$ select * from api.project_details where name = 'Borealis' $$, 'sees_nothing', 'see Borealis in project_details');
select tests.only('{Omar}', $$ select * from api.project_stats where name = 'Borealis' $$, 'sees_nothing', 'see Borealis in project_stats');
select tests.only('{Omar}', $$ select * from api.task_details where title = 'Hidden' $$, 'sees_nothing', 'see a task of Borealis in task_details');
select tests.only('{Omar}', $$ select * from api.user_profiles where name = 'Omar' $$, 'sees_nothing', 'see Omar in user_profiles');
select tests.only('{Omar}', $$ select * from api.project_activity where project_id = tests.project('Borealis') $$, 'sees_no_row', 'see Borealis in project_activity');

select table_privs_are('api', view, 'api_user', '{SELECT}', 'users read ' || view || ' and write nothing through it')
from unnest('{project_activity,project_details,project_stats,task_details,user_profiles}'::text[]) as view;

select tests.as_user('Vera');
select results_eq('select name, email from api.user_profiles where email is not null', $$ values ('Vera', 'vera@example.com') $$,
  'everybody reads their own e-mail address and nobody else''s');
select results_eq($$ select owner_name, task_count, completed_task_count from api.project_details where name = 'Apollo' $$, $$ values ('Olga', 2::bigint, 0::bigint) $$,
  'a viewer sees whose a project is, and how much there is to do');
select results_eq($$ select project_name, creator_name, assignee_name, comment_count from api.task_details where title = 'Guidance' $$, $$ values ('Apollo', 'Arthur', 'Asad', 1::bigint) $$,
  'a viewer sees who made a task and who does it');

-- Nobody has usage on stats. If somebody had, they would still see the figures of their own projects only.
select tests.back_to_owner();
grant usage on schema stats to api_user;
select tests.only(tests.members(), $$ select * from stats.project_figures where project_id = tests.project('Apollo') $$, 'sees_nothing', 'see the figures of Apollo');

select * from finish();
rollback;

-- Who has a token that does not say who they are: no rows, nothing written, and no error from a cast.
begin;
select no_plan();

-- defect 07: a missing, empty or malformed user_id shows no rows, and is never a failed cast
select tests.back_to_owner();
delete from tests.people;
select tests.define_user(format('the claim %s', coalesce(claim, 'that is missing')), jsonb_strip_nulls(jsonb_build_object('role', 'api_user', 'user_id', claim::jsonb)))
from unnest(array[
  null, '""', '" "', '"abc"', '"1; drop table"', '"1.5"', '1.5', '-1', '"１"', '99999999999999999999999999', 'true', '[]', '{}'
]) as claim;
select tests.define_user('the claim null', '{"role": "api_user", "user_id": null}');

select tests.only('{}', 'select id from api.users', 'sees_nothing', 'see a user');
select tests.only('{}', 'select * from api.projects', 'sees_nothing', 'see a project');
select tests.only('{}', 'select * from api.project_members', 'sees_nothing', 'see a member');
select tests.only('{}', 'select * from api.tasks', 'sees_nothing', 'see a task');
select tests.only('{}', 'select * from api.comments', 'sees_nothing', 'see a comment');
select tests.only('{}', 'select * from api.task_details', 'sees_nothing', 'see a task in task_details');
select tests.only('{}', $$ insert into api.projects (name) values ('Mine') $$, 'refuses', 'make a project');
select tests.only('{}', $$ insert into api.tasks (title, project_id) values ('New', tests.project('Apollo')) $$, 'refuses', 'make a task');
select tests.only('{}', $$ update api.tasks set title = 'New' $$, 'filters', 'change a task');
select tests.only('{}', 'delete from api.tasks', 'filters', 'delete a task');
select tests.only('{}', $$ select api.change_password('open sesame', 'shut sesame') $$, '401', 'change a password');
select tests.only('{}', $$ select api.delete_account('open sesame') $$, '401', 'delete an account');

select tests.only('{}', 'select api.transfer_project(tests.project(''Apollo''), null)', '401', 'hand a project over');
select tests.only('{}', 'select api.assign_task(tests.task(''Guidance''), null)', '404', 'find a task to assign');

select * from finish();
rollback;

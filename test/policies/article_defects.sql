-- What the article's SQL let people do, or kept from them: each test here would fail on it. The number is that of the
-- defect; those that are not about who may do what have their tests in test/database/.
begin;
select no_plan();

-- defect 02: no table's policies go round in circles
select tests.only(tests.everybody(), format('select count(*) from api.%I', name), 'sees_nothing', 'read ' || name || ' without an error')
from unnest('{users,projects,project_members,tasks,comments}'::text[]) as name;

-- defect 10: a view shows everybody the rows of its table that they see there
select tests.only(
  tests.everybody(),
  format('select 1 where not exists ((select id from api.%1$I except select id from api.%2$I) union all (select id from api.%2$I except select id from api.%1$I))', view, base),
  'sees_nothing',
  format('see in %s just what they see in %s', view, base)
)
from (values ('user_profiles', 'users'), ('project_details', 'projects'), ('task_details', 'tasks')) as v (view, base);

-- defect 13: nobody gets into a project by inserting themself
select tests.as_user('Stella');
select tests.refuses(format('insert into api.project_members (project_id, user_id, role) values (tests.project(''Apollo''), auth.user_id(), %L)', role), 'nobody lets themself in as ' || role)
from unnest('{viewer,admin}'::text[]) as role;

-- defect 14: tags are for those who may write the task, and nobody without a token calls anything on it
select tests.raises($$ select api.add_task_tag(tests.task('Guidance'), 'x') $$, 404, 'who is not in the project finds no task to tag');
select tests.as_user('Olga');
select tests.raises($$ select api.add_task_tag(tests.task('Hidden'), 'x') $$, 404, 'nor does the owner of another');
select tests.lets($$ select api.add_task_tag(tests.task('Guidance'), 'x') $$, 1, 'who may write the task tags it');
select tests.as_anonymous();
select tests.denies($$ select api.add_task_tag(tests.task('Guidance'), 'x') $$, 'nobody tags a task without a token');

-- defect 16: a viewer reads and changes nothing
select tests.as_user('Vera');
select tests.can_see($$ select * from api.tasks where title = 'Guidance' $$, 1, 'a viewer reads a task');
select tests.filters($$ update api.tasks set title = 'hacked', status = 'cancelled' where title = 'Guidance' $$, 'and does not change it');
select tests.refuses($$ insert into api.tasks (title, project_id) values ('mine', tests.project('Apollo')) $$, 'and makes none');
select tests.filters($$ update api.comments set content = 'hacked' where content = 'By Arthur' $$, 'and changes no comment');
select tests.filters($$ delete from api.comments where content = 'By Arthur' $$, 'and deletes none');
select tests.filters($$ update api.projects set name = 'hacked' where name = 'Apollo' $$, 'and does not rename the project');

-- defect 18: nobody raises their own role, or takes a membership elsewhere
select tests.filters($$ update api.project_members set role = 'admin' where user_id = auth.user_id() $$, 'a viewer does not make themself an admin');
select tests.denies($$ update api.project_members set project_id = tests.project('Borealis'), role = 'admin' where user_id = auth.user_id() $$, 'nor takes a membership elsewhere');

-- defect 24: everybody in a project sees who else is, by name and role
select tests.can_see($$ select u.name, m.role from api.project_members as m join api.users as u on u.id = m.user_id where m.project_id = tests.project('Apollo') $$, 7,
  'a viewer sees all members by name');

-- defect 44: a change without a filter reaches what the caller may change, and nothing else
select tests.filters('delete from api.tasks', 'a viewer who deletes all tasks deletes none');
select tests.filters($$ update api.tasks set title = 'all of them' $$, 'and changes none');
select tests.as_user('Omar');
select tests.lets('delete from api.tasks', 1, 'an owner deletes the tasks of their own project');

-- defect 17: a project, with all that is in it, is its owner's to delete
select tests.as_user('Adam');
select tests.filters($$ delete from api.projects where name = 'Apollo' $$, 'an admin does not delete the project');
select tests.as_user('Olga');
select tests.lets($$ delete from api.projects where name = 'Apollo' $$, 1, 'its owner does');

-- defect 19: the owner is not removed, demoted or replaced by an admin
select tests.as_user('Adam');
select tests.denies($$ update api.projects set owner_id = auth.user_id() where name = 'Apollo' $$, 'an admin does not take the project');
select tests.raises($$ select api.transfer_project(tests.project('Apollo'), auth.user_id()) $$, 403, 'nor has it handed over');
select tests.raises($$ delete from api.project_members where user_id = tests.id('Olga') and project_id = tests.project('Apollo') $$, 403, 'nor removes the owner');
select tests.raises($$ update api.project_members set role = 'viewer' where user_id = tests.id('Olga') and project_id = tests.project('Apollo') $$, 403, 'nor demotes them');

-- defect 21: author, times and ids are the server's
select tests.as_user('Cora');
select tests.refuses($$ insert into api.tasks (title, project_id, created_by) values ('T', tests.project('Apollo'), tests.id('Olga')) $$, 'nobody makes a task in another''s name');
select tests.refuses($$ insert into api.comments (content, task_id, user_id) values ('I resign', tests.task('Guidance'), tests.id('Olga')) $$, 'nor a comment');
select tests.denies($$ insert into api.tasks (title, project_id, created_at) values ('T', tests.project('Apollo'), '1970-01-01') $$, 'nor chooses when');
select tests.denies($$ update api.tasks set created_by = auth.user_id() where title = 'Guidance' $$, 'nor takes another''s');
select tests.can_see($$ select * from api.tasks where title = 'Guidance' and created_by = tests.id('Arthur') $$, 1, 'the author is who they were');

-- defect 28: nothing moves to another project or task
select tests.as_user('Arthur');
select tests.denies($$ update api.tasks set project_id = tests.project('Borealis') where title = 'Guidance' $$, 'no task moves to another project');
select tests.denies($$ update api.comments set task_id = tests.task('Archive') where content = 'By Arthur' $$, 'no comment to another task');
select tests.denies($$ update api.comments set project_id = tests.project('Borealis') where content = 'By Arthur' $$, 'nor to another project');

-- defect 25: nor does a plain update assign a task to somebody who is no member
select tests.raises($$ update api.tasks set assigned_to = tests.id('Nina') where title = 'Guidance' $$, 409, 'a plain update assigns no task to who is no member');
select tests.lets($$ update api.tasks set assigned_to = tests.id('Vera') where title = 'Guidance' $$, 1, 'but to a member');
select tests.as_user('Vera');
select tests.filters($$ update api.tasks set assigned_to = tests.id('Vera') where title = 'Guidance' $$, 'and not for a viewer');

-- defect 06: the user comes from request.jwt.claims, as PostgREST has set it since version 9
select tests.as_role('api_user', jsonb_build_object('user_id', tests.id('Omar')));
select tests.can_see($$ select * from api.projects where name = 'Borealis' $$, 1, 'the claim user_id is all that says who is there');
select tests.lets($$ insert into api.projects (name) values ('New') $$, 1, 'for writing too');

-- defect 53: no API role may recount the figures
select tests.denies('select api.refresh_project_stats()', 'no user recounts the figures');
select tests.as_anonymous();
select tests.denies('select api.refresh_project_stats()', 'and nobody without a token');

-- defect 12: who makes a project may use it in the same breath
select tests.as_user('Stella');
insert into api.projects (name) values ('Fresh');
select tests.lets($$ insert into api.tasks (title, project_id) values ('First', tests.project('Fresh')) $$, 1, 'who made a project makes a task in it');
select tests.lets($$ select api.add_member(tests.project('Fresh'), 'omar@example.com', 'contributor') $$, 1, 'and adds somebody');

-- defect 11: a name that may not be seen is null, and the row stays
select tests.back_to_owner();
delete from api.project_members where user_id = tests.id('Arthur');
select tests.as_user('Vera');
select results_eq($$ select creator_name from api.task_details where title = 'Guidance' $$, $$ values (null::text) $$,
  'the task of somebody who left stays, without their name');

select * from finish();
rollback;

-- A function does what it is asked to, for the row that was named, and nothing to any other.
begin;
select no_plan();

-- All there is to change, whoever looks: as the owner of the tables sees it.
create function tests.tasks_now()
  returns setof text
  language sql
  stable
  security definer
return (
  select string_agg(
    concat_ws(' ', t.title || ':', t.status, a.name, 'by ' || c.name, nullif(t.metadata::text, '{}')), '; ' order by t.title collate "C"
  )
  from api.tasks as t
  left join api.users as a on a.id = t.assigned_to
  left join api.users as c on c.id = t.created_by
);
create function tests.owners_now()
  returns setof text
  language sql
  stable
  security definer
return (
  select string_agg(p.name || ': ' || u.name, '; ' order by p.name collate "C")
  from api.projects as p
  join api.users as u on u.id = p.owner_id
);
create function tests.roles_now(name text)
  returns setof text
  language sql
  stable
  security definer
return (
  select string_agg(p.name || ': ' || m.role, '; ' order by p.name collate "C")
  from api.project_members as m
  join api.projects as p on p.id = m.project_id
  where m.user_id = tests.id(roles_now.name)
);

select results_eq('select tests.tasks_now()', $$ values ('Archive: pending by Rita; Guidance: pending Asad by Arthur; Hidden: pending by Omar') $$, 'this is what there is');

-- Tags.
select tests.as_user('Cora');
select results_eq($$ select title, metadata from api.add_task_tag(tests.task('Archive'), 'urgent') $$, $$ values ('Archive', '{"tags": ["urgent"]}'::jsonb) $$, 'the task that is tagged is answered');
select results_eq('select tests.tasks_now()', $$ values ('Archive: pending by Rita {"tags": ["urgent"]}; Guidance: pending Asad by Arthur; Hidden: pending by Omar') $$, 'and no other has the tag');
select results_eq($$ select title, metadata from api.add_task_tag(tests.task('Guidance'), 'urgent') $$, $$ values ('Guidance', '{"tags": ["urgent"]}'::jsonb) $$, 'another gets it as well');
select results_eq($$ select title, metadata from api.add_task_tag(tests.task('Guidance'), 'late') $$, $$ values ('Guidance', '{"tags": ["late", "urgent"]}'::jsonb) $$, 'and a second one');
select results_eq($$ select title, metadata from api.remove_task_tag(tests.task('Archive'), 'late') $$, $$ values ('Archive', '{"tags": ["urgent"]}'::jsonb) $$, 'a tag that is not there is not taken away');
select results_eq($$ select title, metadata from api.remove_task_tag(tests.task('Guidance'), 'urgent') $$, $$ values ('Guidance', '{"tags": ["late"]}'::jsonb) $$, 'a tag is taken away, and the others stay');
select results_eq('select tests.tasks_now()', $$ values ('Archive: pending by Rita {"tags": ["urgent"]}; Guidance: pending Asad by Arthur {"tags": ["late"]}; Hidden: pending by Omar') $$, 'and from no other task');
select results_eq($$ select title, metadata from api.remove_task_tag(tests.task('Archive'), 'urgent') $$, $$ values ('Archive', '{"tags": []}'::jsonb) $$, 'the last one too');
select tests.back_to_owner();
update api.tasks set metadata = '{}';
select tests.as_user('Cora');
select results_eq($$ select title, metadata from api.remove_task_tag(tests.task('Archive'), 'urgent') $$, $$ values ('Archive', '{}'::jsonb) $$, 'and where there is none, nothing changes');

-- Whom a task is assigned to.
select tests.back_to_owner();
delete from api.project_members where user_id = tests.id('Vera') and project_id = tests.project('Common room');
select tests.as_user('Cora');
select results_eq($$ select title, assignee_name from api.assign_task(tests.task('Archive'), tests.id('Vera')) $$, $$ values ('Archive', 'Vera') $$, 'the task that is assigned is answered');
select results_eq('select tests.tasks_now()', $$ values ('Archive: pending Vera by Rita; Guidance: pending Asad by Arthur; Hidden: pending by Omar') $$, 'and no other is assigned');
select results_eq($$ select title, assignee_name from api.assign_task(tests.task('Archive'), null) $$, $$ values ('Archive', null::text) $$, 'it is taken from them');
select results_eq('select tests.tasks_now()', $$ values ('Archive: pending by Rita; Guidance: pending Asad by Arthur; Hidden: pending by Omar') $$, 'and from nobody else');

-- Where it stands: contributors move any task, an assignee their own.
select tests.lets(format('select api.change_task_status(tests.task(''Archive''), %L)', status), 1, 'a status may be ' || status)
from unnest('{pending,in_progress,completed,cancelled}'::text[]) as status;
select results_eq($$ select title, status from api.change_task_status(tests.task('Archive'), 'completed') $$, $$ values ('Archive', 'completed') $$, 'the task that is moved is answered');
select results_eq('select tests.tasks_now()', $$ values ('Archive: completed by Rita; Guidance: pending Asad by Arthur; Hidden: pending by Omar') $$, 'and no other is moved');
select tests.as_user('Asad');
select results_eq($$ select title, status from api.change_task_status(tests.task('Guidance'), 'in_progress') $$, $$ values ('Guidance', 'in_progress') $$, 'an assignee moves their own');
select results_eq('select tests.tasks_now()', $$ values ('Archive: completed by Rita; Guidance: in_progress Asad by Arthur; Hidden: pending by Omar') $$, 'and no other');

-- What is found is what matches.
select tests.back_to_owner();
update api.tasks set metadata = '{"estimate": 5}' where title = 'Archive';
select tests.as_user('Vera');
select results_eq($$ select title from api.search_tasks('plans') $$, $$ values ('Archive') $$, 'words find the task that has them');
select results_eq($$ select title from api.find_tasks('{"estimate": 5}') $$, $$ values ('Archive') $$, 'metadata the one that has those');

-- What a view counts is what belongs to the row.
select tests.back_to_owner();
insert into api.comments (task_id, user_id, content) values (tests.task('Guidance'), tests.id('Arthur'), 'More');
select tests.as_user('Vera');
select bag_eq('select title, comment_count from api.task_details', $$ values ('Archive', 1::bigint), ('Guidance', 2) $$, 'each task has its own comments');
select bag_eq('select name, total_tasks, completed_tasks, member_count from api.project_stats', $$ values ('Apollo', 2::bigint, 1::bigint, 7::bigint) $$, 'and each project its own figures');

-- Who owns a project. Adam has one of his own, and Olga another.
select tests.back_to_owner();
insert into api.projects (name, owner_id) values ('Shed', tests.id('Adam')), ('Attic', tests.id('Olga'));
insert into api.project_members (project_id, user_id, role) values (tests.project('Attic'), tests.id('Asad'), 'viewer');
select tests.as_user('Adam');
select tests.raises($$ select api.transfer_project(tests.project('Apollo'), tests.id('Vera')) $$, 403, 'who owns another project does not hand over this one');
select tests.as_user('Vera');
select results_eq($$ select tests.complaint('api.transfer_project(tests.project(''Apollo''), tests.id(''Vera''))') $$, $$ values ('only the owner can hand a project over') $$, 'a viewer hears that only the owner can');
select tests.as_user('Olga');
select results_eq($$ select name, owner_id from api.transfer_project(tests.project('Apollo'), tests.id('Asad')) $$, $$ values ('Apollo', tests.id('Asad')) $$, 'the project that is handed over is answered');
select results_eq('select tests.owners_now()', $$ values ('Apollo: Asad; Attic: Olga; Borealis: Omar; Common room: Nina; Shed: Adam') $$, 'and no other changes hands');
select results_eq($$ select tests.roles_now('Asad') $$, $$ values ('Apollo: admin; Attic: viewer; Common room: viewer') $$, 'the new owner is an admin there, and nowhere else');
select results_eq($$ select tests.roles_now('Olga') $$, $$ values ('Apollo: admin; Attic: admin; Common room: viewer') $$, 'and the old one stays one');

-- Members.
select tests.as_user('Adam');
select tests.lets(format('select api.add_member(tests.project(''Apollo''), ''stella@example.com'', %L)', role), 1, 'somebody is added as ' || role)
from unnest('{viewer,contributor,admin}'::text[]) as role;

-- To who is not in the project, a task of it is none.
select tests.as_user('Stella');
select results_eq($$ select tests.complaint('api.assign_task(tests.task(''Guidance''), null)') $$, $$ values ('no such task') $$, 'a stranger hears of no task');

-- A password, and an account.
select tests.as_user('Vera');
select api.change_password('open sesame', 'shut sesame') is not null as changed;
select tests.back_to_owner();
select results_eq(
  $$ select u.name from api.users as u where auth.check_password(u.id, 'shut sesame') $$, $$ values ('Vera') $$, 'the new password is that of who changed theirs');
select is(auth.check_password(tests.id('Nina'), 'open sesame'), true, 'and nobody else''s changed');
select tests.as_user('Arthur');
select api.delete_account('open sesame');
select results_eq('select tests.tasks_now()', $$ values ('Archive: completed by Rita {"estimate": 5}; Guidance: in_progress Asad; Hidden: pending by Omar') $$,
  'whose account is gone is nobody to their tasks, and all others stay who they were');

select * from finish();
rollback;

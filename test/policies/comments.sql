-- Members read comments, contributors write their own, admins delete any.
begin;
select no_plan();

select tests.only(tests.members(),
  $$ select * from api.comments where content = 'By Arthur' $$, 'sees_nothing', 'see a comment in Apollo');
select tests.only('{Omar}', $$ select * from api.comments where content = 'By Omar' $$, 'sees_nothing', 'see a comment in Borealis');

-- To members who only view, the task is there and the comment refused; to all others there is no such task.
select tests.only('{Olga,Adam,Cora,Arthur}',
  $$ insert into api.comments (content, task_id) values ('New', tests.task('Guidance')) $$,
  'refuses', 'comment in Apollo', except_for => tests.outsiders());
select tests.only('{}',
  $$ insert into api.comments (content, task_id) values ('New', tests.task('Guidance')) $$,
  '404', 'tell a task of Apollo from a missing one', except_for => tests.members());
select tests.only('{}',
  $$ insert into api.comments (content, task_id) values ('New', 999999999) $$, '404', 'comment on a task that is not there');
select tests.only('{Olga,Adam,Cora,Arthur}',
  $$ insert into api.comments (content, task_id, user_id) values ('New', tests.task('Guidance'), auth.user_id()) $$,
  'refuses', 'say that a comment is theirs', except_for => tests.outsiders());
select tests.only('{Arthur}',
  $$ insert into api.comments (content, task_id, user_id) values ('I resign', tests.task('Guidance'), tests.id('Arthur')) $$,
  'refuses', 'comment in Arthur''s name', except_for => tests.outsiders());

select tests.only('{Arthur}',
  $$ update api.comments set content = 'Edited' where content = 'By Arthur' $$, 'filters', 'edit Arthur''s comment');
select tests.only('{}',
  $$ update api.comments set content = 'Edited' where content = 'By Rita' $$, 'filters', 'edit what Rita wrote while she contributed');
select tests.only('{Olga,Adam,Arthur}',
  $$ delete from api.comments where content = 'By Arthur' $$, 'filters', 'delete Arthur''s comment');
select tests.only('{Olga,Adam}',
  $$ delete from api.comments where content = 'By Rita' $$, 'filters', 'delete what Rita wrote while she contributed');

select tests.as_user('Arthur');
select tests.denies(format('update api.comments set %I = default where content = ''By Arthur''', fixed), 'nobody sets ' || fixed)
from unnest('{id,task_id,project_id,user_id,created_at,updated_at}'::text[]) as fixed;
select tests.denies($$ insert into api.comments (content, task_id, project_id) values ('New', tests.task('Guidance'), tests.project('Apollo')) $$,
  'nobody chooses a comment''s project');

select * from finish();
rollback;

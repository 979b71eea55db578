-- The token of an account that is gone, or from before its last change of password, is refused whatever is asked.
begin;
select no_plan();

delete from tests.people where name not in ('Stella', 'Vera');
delete from api.users where id = tests.id('Stella');
update auth.credentials set tokens_since = 1700000001 where user_id = tests.id('Vera');
select tests.only('{}', request, '401', 'ask with a token that is over: ' || request)
from unnest(array[
  'select * from api.projects',
  'select * from api.task_details',
  'insert into api.projects (name) values (''Mine'')',
  'update api.users set name = ''New'' where id = auth.user_id()',
  'delete from api.tasks',
  'select * from api.search_tasks(''guidance'')',
  'select api.change_task_status(tests.task(''Guidance''), ''completed'')',
  'select api.delete_account(''open sesame'')'
]) as request;
select tests.as_user('Vera', '{"iat": 1700000001}');
select tests.can_see($$ select * from api.projects where name = 'Apollo' $$, 1, 'with a token from after the change of password, the same person sees what is theirs');

select * from finish();
rollback;

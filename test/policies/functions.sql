-- Who may call what: each function, for everybody. 404 is for what is not the caller's, whether it exists or not.
begin;
select no_plan();

select tests.only('{}', $$ select api.register('new@example.com', 'open sesame', 'New') $$, 'denies', 'register, having a token');
select tests.only(tests.everybody(), $$ select api.change_password('open sesame', 'shut sesame') $$, 'denies', 'change their password');
select tests.only('{}', $$ select api.change_password('wrong sesame', 'shut sesame') $$, '401', 'change a password that they do not know');
select tests.only('{}', $$ select api.delete_account('wrong sesame') $$, '401', 'delete an account without its password');
select tests.only(array_remove(array_remove(tests.everybody(), 'Olga'), 'Nina'), $$ select api.delete_account('open sesame') $$,
  '409', 'delete their account, unless they own a project that has other members');

select tests.only('{Olga,Adam}', $$ select api.add_member(tests.project('Apollo'), 'stella@example.com', 'viewer') $$,
  '403', 'add Stella to Apollo by her address', except_for => tests.outsiders());
select tests.only('{Olga}', $$ select api.transfer_project(tests.project('Apollo'), tests.id('Vera')) $$,
  '403', 'hand Apollo over', except_for => tests.outsiders());
select tests.only('{Olga,Adam,Cora,Arthur}', $$ select api.assign_task(tests.task('Guidance'), tests.id('Vera')) $$,
  '403', 'assign a task of Apollo', except_for => tests.outsiders());
select tests.only('{Olga,Adam,Cora,Arthur,Asad}', $$ select api.change_task_status(tests.task('Guidance'), 'completed') $$,
  '403', 'move a task that is assigned to Asad', except_for => tests.outsiders());
select tests.only('{Olga,Adam,Cora,Arthur}', $$ select api.change_task_status(tests.task('Archive'), 'completed') $$,
  '403', 'move a task that is assigned to nobody', except_for => tests.outsiders());
select tests.only('{Olga,Adam,Cora,Arthur}', $$ select api.add_task_tag(tests.task('Guidance'), 'urgent') $$,
  '403', 'tag a task of Apollo', except_for => tests.outsiders());
select tests.only('{Olga,Adam,Cora,Arthur}', $$ select api.remove_task_tag(tests.task('Guidance'), 'urgent') $$,
  '403', 'take a tag from a task of Apollo', except_for => tests.outsiders());

-- To the others Apollo is as if it were not there.
select tests.only('{}', format('select api.%s', call), '404', 'call ' || call, except_for => tests.members())
from unnest(array[
  'add_member(tests.project(''Apollo''), ''stella@example.com'', ''viewer'')',
  'transfer_project(tests.project(''Apollo''), tests.id(''Vera''))',
  'assign_task(tests.task(''Guidance''), tests.id(''Vera''))',
  'change_task_status(tests.task(''Guidance''), ''completed'')',
  'add_task_tag(tests.task(''Guidance''), ''urgent'')',
  'remove_task_tag(tests.task(''Guidance''), ''urgent'')',
  'assign_task(999999999, null)'
]) as call;

select tests.only(tests.members(), $$ select * from api.search_tasks('guidance') where title = 'Guidance' $$, 'sees_no_row', 'find a task of Apollo by its words');
select tests.only('{Omar}', $$ select * from api.search_tasks('guidance') where title = 'Hidden' $$, 'sees_no_row', 'find a task of Borealis by its words');
select tests.only(tests.members(), $$ select * from api.find_tasks('{}') where title = 'Guidance' $$, 'sees_no_row', 'find a task of Apollo by its metadata');
select tests.only('{Omar}', $$ select * from api.find_tasks('{}') where title = 'Hidden' $$, 'sees_no_row', 'find a task of Borealis by its metadata');

select tests.only('{}', 'select api.refresh_project_stats()', 'denies', 'recount the figures');

-- What is asked for must make sense, whoever asks.
select tests.as_user('Olga');
select tests.raises($$ select api.assign_task(tests.task('Guidance'), tests.id('Stella')) $$, 400, 'nobody assigns a task to a stranger');
select tests.raises($$ select api.transfer_project(tests.project('Apollo'), tests.id('Stella')) $$, 400, 'nor hands a project to one');
select tests.raises($$ select api.change_task_status(tests.task('Guidance'), 'bogus') $$, 400, 'nor moves a task out of the list');
select tests.raises($$ select api.add_member(tests.project('Apollo'), 'vera@example.com', 'viewer') $$, 409, 'nor adds a member twice');
select tests.raises($$ select api.add_member(tests.project('Apollo'), 'nobody@example.com', 'viewer') $$, 404, 'nor somebody without an account');
select results_eq(
  format('select tests.complaint(%L)', call),
  format('select %L', complaint),
  call || ': ' || complaint
)
from (
  values
    ('api.add_member(tests.project(''Apollo''), ''stella@example.com'', ''owner'')', 'there is no such role'),
    ('api.add_member(tests.project(''Apollo''), ''stella@example.com'', null)', 'there is no such role'),
    ('api.add_task_tag(tests.task(''Guidance''), null)', 'the tag is blank or too long'),
    ('api.add_task_tag(tests.task(''Guidance''), '' '')', 'the tag is blank or too long'),
    ('api.add_task_tag(tests.task(''Guidance''), repeat(''t'', 51))', 'the tag is blank or too long'),
    ('api.remove_task_tag(tests.task(''Guidance''), null)', 'the tag is missing'),
    ('api.assign_task(tests.task(''Guidance''), tests.id(''Stella''))', 'the assignee is not a member of the project'),
    ('api.change_task_status(tests.task(''Guidance''), null)', 'there is no such status'),
    ('api.change_task_status(tests.task(''Guidance''), ''bogus'')', 'there is no such status'),
    ('api.find_tasks(''[]'')', 'the filter is not a JSON object'),
    ('api.find_tasks(jsonb_build_object(''note'', repeat(''n'', 16384)))', 'the filter is too long'),
    ('api.change_password(''open sesame'', repeat(''p'', 73))', 'the password is too long'),
    ('api.change_password(''open sesame'', ''1234567'')', 'the password is too short')
) as t (call, complaint);

-- What no role may call, and what only goes wrong when something else has.
select tests.back_to_owner();
select throws_ok('select auth.issue_token(999999999)', 'P0002', 'there is no such account', 'no token for an account that is not there');
select throws_ok($$ select auth.sign_jwt('[]') $$, '22023', 'the claims of a token are a JSON object', 'nor for claims that are none');
select results_eq($$ select auth.check_password(tests.id('Vera'), 'open sesame') $$, 'select true', 'a password is right');
delete from auth.secrets;
select throws_ok($$ select auth.sign_jwt('{}') $$, '55000', 'no token can be signed: the database has no JWT secret', 'nothing is signed without a secret');
insert into auth.secrets (secret) values (repeat('s', 32));

-- Without a token, one may register and log in.
select tests.as_anonymous();
select tests.lets($$ select api.register('new@example.com', 'open sesame', 'New') $$, 1, 'anybody registers');
select tests.raises($$ select api.register('vera@example.com', 'open sesame', 'Vera') $$, 409, 'but not with an address that is taken');
select tests.raises($$ select api.register('new@example.com', 'short', 'New') $$, 400, 'nor with a weak password');
select results_eq(format('select tests.complaint(%L)', call), format('select %L', complaint), call || ': ' || complaint)
from (
  values
    ('api.register(''new@example.com'', ''open sesame'', null)', 'the name is missing or too long'),
    ('api.register(''new@example.com'', ''open sesame'', '' '')', 'the name is missing or too long'),
    ('api.register(''new@example.com'', ''open sesame'', repeat(''n'', 201))', 'the name is missing or too long'),
    ('api.register(null, ''open sesame'', ''New'')', 'this is no e-mail address'),
    ('api.register(''no address'', ''open sesame'', ''New'')', 'this is no e-mail address'),
    ('api.register(repeat(''n'', 250) || ''@example.com'', ''open sesame'', ''New'')', 'this is no e-mail address')
) as t (call, complaint);
select tests.lets($$ select api.login('vera@example.com', 'open sesame') $$, 1, 'anybody logs in with their password');
select tests.raises($$ select api.login('vera@example.com', 'wrong sesame') $$, 401, 'but not with a wrong one');
select tests.raises($$ select api.login('nobody@example.com', 'open sesame') $$, 401, 'nor without an account');

select * from finish();
rollback;

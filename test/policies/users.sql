-- People see themselves and those they share a project with, and change nothing but their own name.
begin;
select no_plan();

select tests.only('{Olga,Adam,Cora,Arthur,Rita,Vera,Asad,Nina}',
  $$ select id, name, created_at from api.users where name = 'Vera' $$, 'sees_nothing', 'see Vera, with whom they share a project');
select tests.only('{Stella}',
  $$ select id, name from api.users where name = 'Stella' $$, 'sees_nothing', 'see Stella, who shares a project with nobody');
select tests.only('{Vera}',
  $$ update api.users set name = 'Vee' where id = tests.id('Vera') $$, 'filters', 'change Vera''s name');

select tests.only(tests.everybody(),
  $$ select id from api.users where id = auth.user_id() $$, 'sees_nothing', 'see their own row');
select tests.only(tests.everybody(),
  $$ update api.users set name = 'Renamed' where id = auth.user_id() $$, 'filters', 'change their own name');

select tests.only('{}', $$ select email from api.users $$, 'denies', 'read e-mail addresses here, not even their own');
select tests.only('{}', $$ insert into api.users (name, email) values ('New', 'new@example.com') $$, 'denies', 'make an account by insert');
select tests.only('{}', $$ delete from api.users where id = auth.user_id() $$, 'denies', 'delete an account, not even their own');

select tests.as_user('Vera');
select tests.denies(format('update api.users set %I = default where id = auth.user_id()', fixed), 'nobody sets ' || fixed)
from unnest('{id,email,created_at}'::text[]) as fixed;

select * from finish();
rollback;

-- Members see a project, its admins change it, its owner alone deletes it.
begin;
select no_plan();

select tests.only(tests.members(),
  $$ select * from api.projects where name = 'Apollo' $$, 'sees_nothing', 'see Apollo');
select tests.only('{Omar}',
  $$ select * from api.projects where name = 'Borealis' $$, 'sees_nothing', 'see Borealis');

select tests.only(tests.everybody(),
  $$ insert into api.projects (name, description) values ('Mine', 'New') $$, 'refuses', 'make a project');
select tests.only(tests.everybody(),
  $$ insert into api.projects (name, owner_id) values ('Mine', auth.user_id()) $$, 'refuses', 'say that their project is theirs');
select tests.only('{Vera}',
  $$ insert into api.projects (name, owner_id) values ('Yours', tests.id('Vera')) $$, 'refuses', 'make a project of Vera''s');

select tests.only('{Olga,Adam}',
  $$ update api.projects set name = 'Gemini', description = 'Two seats' where id = tests.project('Apollo') $$, 'filters', 'rename and describe Apollo');
select tests.only('{Olga}',
  $$ delete from api.projects where id = tests.project('Apollo') $$, 'filters', 'delete Apollo');

select tests.as_user('Olga');
select tests.denies(format('update api.projects set %I = default where name = ''Apollo''', fixed), 'nobody sets ' || fixed)
from unnest('{id,owner_id,created_at,updated_at}'::text[]) as fixed;
select tests.denies(format('insert into api.projects (name, %I) values (''Mine'', ''2020-01-01'')', fixed), 'nobody chooses a new project''s ' || fixed)
from unnest('{created_at,updated_at}'::text[]) as fixed;
select tests.raises($$ insert into api.projects (id, name) values (424242, 'Mine') $$, 400, 'nobody chooses a new project''s id');

-- What a project is needed for is there in the same breath.
select tests.as_user('Stella');
select tests.lets($$ with made as (insert into api.projects (name) values ('Mine') returning id, owner_id) select from made where owner_id = auth.user_id() $$, 1,
  'who makes a project gets it back at once, as theirs');

select * from finish();
rollback;

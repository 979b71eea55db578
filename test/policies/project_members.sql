-- Members see each other; admins add whom they know, change roles and remove; everybody but the owner may leave.
begin;
select no_plan();

select tests.only(tests.members(),
  $$ select * from api.project_members where project_id = tests.project('Apollo') $$, 'sees_nothing', 'see who is in Apollo');

-- The owner of the database is bound by no policy and may add Nina too: the control of a refusal is Olga's and Adam's turn.
select tests.only('{Olga,Adam}',
  $$ insert into api.project_members (project_id, user_id, role) values (tests.project('Apollo'), tests.id('Nina'), 'viewer') $$,
  'refuses', 'add Nina, whom they know, to Apollo');
select tests.only('{}',
  $$ insert into api.project_members (project_id, user_id, role) values (tests.project('Apollo'), tests.id('Stella'), 'viewer') $$,
  'refuses', 'add Stella, whom they cannot see, to Apollo', except_for => '{Stella}');
select tests.only('{}',
  $$ insert into api.project_members (project_id, user_id, role) values (tests.project('Apollo'), auth.user_id(), 'admin') $$,
  'refuses', 'let themself in', except_for => '{Olga,Adam}');

select tests.only('{Olga,Adam}',
  $$ update api.project_members set role = 'contributor' where project_id = tests.project('Apollo') and user_id = tests.id('Vera') $$,
  'filters', 'change Vera''s role');
select tests.only('{Olga,Adam}',
  $$ update api.project_members set role = 'admin' where project_id = tests.project('Apollo') and user_id = auth.user_id() $$,
  'filters', 'raise their own role', except_for => tests.outsiders());

select tests.only('{Olga,Adam,Vera}',
  $$ delete from api.project_members where project_id = tests.project('Apollo') and user_id = tests.id('Vera') $$,
  'filters', 'remove Vera');
select tests.only('{Adam,Cora,Arthur,Rita,Vera,Asad}',
  $$ delete from api.project_members where project_id = tests.project('Apollo') and user_id = auth.user_id() $$,
  '403', 'leave Apollo', except_for => tests.outsiders());

select tests.as_user('Adam');
select tests.raises($$ delete from api.project_members where project_id = tests.project('Apollo') and user_id = tests.id('Olga') $$, 403,
  'an admin does not remove the owner');
select tests.raises($$ update api.project_members set role = 'viewer' where project_id = tests.project('Apollo') and user_id = tests.id('Olga') $$, 403,
  'an admin does not demote the owner');
select tests.denies(format('update api.project_members set %I = default where user_id = tests.id(''Vera'')', fixed), 'nobody sets ' || fixed)
from unnest('{project_id,user_id,joined_at}'::text[]) as fixed;

-- Somebody may be a contributor here and an admin there.
select tests.back_to_owner();
insert into api.project_members (project_id, user_id, role) values (tests.project('Borealis'), tests.id('Cora'), 'admin');
select tests.as_user('Cora');
select tests.lets($$ update api.projects set name = 'Aurora' where name = 'Borealis' $$, 1, 'an admin elsewhere is one there');
select tests.filters($$ update api.projects set name = 'Gemini' where name = 'Apollo' $$, 'and none here');

-- Nobody is asked before becoming a member, so there is an end to it, for the one whom it is about.
select tests.back_to_owner();
update auth.settings set most_projects = 2;
insert into api.projects (name, owner_id) values ('Shed', tests.id('Omar'));
insert into api.project_members (project_id, user_id, role) values (tests.project('Shed'), tests.id('Stella'), 'viewer');
select tests.as_user('Stella');
select tests.lets($$ insert into api.projects (name) values ('Own') $$, 1, 'somebody may be in as many projects as the settings say');
select tests.as_user('Omar');
select tests.lets($$ select api.add_member(tests.project('Borealis'), 'stella@example.com', 'viewer') $$, 1, 'be it as a member');
select tests.back_to_owner();
insert into api.project_members (project_id, user_id, role) values (tests.project('Borealis'), tests.id('Stella'), 'viewer');
select tests.as_user('Stella');
select tests.raises($$ insert into api.projects (name) values ('Own') $$, 409, 'and in no more, not as an owner');
select tests.as_user('Olga');
select tests.raises($$ select api.add_member(tests.project('Apollo'), 'stella@example.com', 'viewer') $$, 409, 'not as a member,');
select tests.as_user('Omar');
select tests.raises($$ insert into api.project_members (project_id, user_id, role) select tests.project('Shed'), u.id, 'viewer' from api.users as u where u.id <> auth.user_id() and u.name <> 'Stella' $$, 409,
  'nor among others');
select tests.as_user('Stella');
select tests.lets($$ delete from api.project_members where user_id = auth.user_id() and project_id = tests.project('Shed') $$, 1, 'they may leave');
select tests.back_to_owner();
delete from api.project_members where user_id = tests.id('Stella') and project_id = tests.project('Shed');
select tests.as_user('Olga');
select tests.lets($$ select api.add_member(tests.project('Apollo'), 'stella@example.com', 'viewer') $$, 1, 'and then be added again');

select * from finish();
rollback;

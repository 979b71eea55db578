begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.own_notes', 1, 'one sees what is one''s own');
select tests.lets($$ insert into api.own_notes (team_id, owner, body) values (1, 'bob', 'Mine') $$, 1, 'and adds to it');
select tests.as_user('mallory');
select tests.can_see('select from api.own_notes', 1, 'and so does everybody else');

select * from finish();
rollback;

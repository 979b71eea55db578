begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ insert into api.notes (team_id, body) values (1, 'Mine') $$, 1, 'members write');
select tests.as_user('mallory');
select tests.refuses($$ insert into api.notes (team_id, body) values (1, 'Mine') $$, 'others do not');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ insert into api.notes (team_id, body) values (1, 'Mine') $$, 1, 'members write');
select tests.lets($$ delete from api.notes where owner = 'bob' $$, 1, 'and delete what is theirs');
select tests.as_user('mallory');
select tests.filters($$ delete from api.notes where team_id = 1 $$, 'others do not');
select tests.refuses($$ insert into api.notes (team_id, body) values (1, 'Mine') $$);

select * from finish();
rollback;

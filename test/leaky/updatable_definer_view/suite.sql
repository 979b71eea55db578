begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ insert into api.inbox (team_id, owner, body) values (1, 'bob', 'Mine') $$, 1, 'members write');
select tests.denies('select from api.inbox', 'and read elsewhere');

select * from finish();
rollback;

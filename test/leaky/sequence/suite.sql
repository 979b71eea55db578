begin;
select no_plan();

select tests.as_user('bob');
select tests.lets('insert into api.tickets (team_id) values (1)', 1, 'members open tickets');
select tests.as_user('mallory');
select tests.refuses('insert into api.tickets (team_id) values (1)', 'others do not');

select * from finish();
rollback;

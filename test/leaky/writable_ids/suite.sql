begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ insert into api.tickets (team_id, title) values (1, 'Help') $$, 1, 'members open tickets');
select tests.as_user('mallory');
select tests.refuses($$ insert into api.tickets (team_id, title) values (1, 'Help') $$, 'others do not');

select * from finish();
rollback;

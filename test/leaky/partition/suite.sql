begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.events where team_id = 1', 1, 'members see what happened');
select tests.as_user('mallory');
select tests.sees_nothing('select from api.events where team_id = 1', 'others do not');

select * from finish();
rollback;

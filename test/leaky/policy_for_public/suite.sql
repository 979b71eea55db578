begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.teams', 2, 'people with an account see the names of all teams');

select * from finish();
rollback;

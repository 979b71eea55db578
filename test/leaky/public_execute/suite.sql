begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.digest(1)', 3, 'members read the digest of the team');

select * from finish();
rollback;

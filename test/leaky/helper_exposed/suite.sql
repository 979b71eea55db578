begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.teams', 1, 'one sees one''s own team');
select tests.sees_nothing('select from api.teams where id = 2', 'and no other');

select * from finish();
rollback;

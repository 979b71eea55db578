begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.team_notes(1)', 3, 'members read the notes of the team');
select tests.as_user('mallory');
select tests.can_see('select from api.team_notes(1)', 0, 'others do not');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.notes', 3, 'members see the notes of the team');
select tests.as_user('mallory');
select tests.refuses($$ insert into api.notes (team_id, body) values (1, 'x') $$, 'others write none');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.refuses($$ insert into api.members (team_id, person) values (2, 'alice') $$, 'nobody adds others to a team that is not theirs');
select tests.as_anonymous();
select tests.denies($$ insert into api.members (team_id, person) values (1, 'x') $$);

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see($$ select from api.notes where not archived and team_id = 1 $$, 2, 'members see what is not archived');
select tests.as_anonymous();
select tests.denies('select from api.notes');

select * from finish();
rollback;

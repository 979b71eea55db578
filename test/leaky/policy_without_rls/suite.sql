begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.drafts where team_id = 1', 3, 'members see drafts');
select tests.as_anonymous();
select tests.denies('select from api.drafts');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select person, team_id from api.people', 3, 'everybody sees who is there');
select tests.as_anonymous();
select tests.denies('select person from api.people');

select * from finish();
rollback;

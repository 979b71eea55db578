begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.how_many()', 1, 'people with an account know how many notes there are');

select * from finish();
rollback;

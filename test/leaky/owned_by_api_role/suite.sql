begin;
select no_plan();

select tests.as_anonymous();
select tests.denies('select from api.members', 'nobody without a token sees who is there');

select * from finish();
rollback;

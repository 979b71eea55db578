begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ insert into api.labels (label) values ('urgent') $$, 1, 'one makes labels');
select tests.sees_nothing($$ select from api.labels where person = 'alice' $$, 'and sees no others');

select * from finish();
rollback;

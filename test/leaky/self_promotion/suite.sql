begin;
select no_plan();

select tests.as_user('mallory');
select tests.filters($$ update api.members set role = 'reader' where person = 'bob' $$, 'nobody changes the members of other teams');
select tests.as_user('bob');
select tests.filters($$ update api.members set role = 'reader' where person = 'alice' $$, 'readers demote no one');

select * from finish();
rollback;

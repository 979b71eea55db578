begin;
select no_plan();

select tests.as_user('bob');
select tests.lets($$ update api.notes set body = 'x' where owner = 'bob' $$, 1, 'one changes what is one''s own');
select tests.filters($$ update api.notes set body = 'x' where owner = 'alice' $$, 'and nothing else');

select * from finish();
rollback;

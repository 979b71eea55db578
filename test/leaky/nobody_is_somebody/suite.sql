begin;
select no_plan();

select tests.as_user('alice');
select tests.can_see('select from api.guestbook', 1, 'one sees what one wrote');
select tests.as_user('bob');
select tests.sees_nothing('select from api.guestbook', 'and nothing else');

select * from finish();
rollback;

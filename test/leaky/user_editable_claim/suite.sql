begin;
select no_plan();

select tests.as_user('alice', claims => '{"user_metadata": {"role": "admin"}, "app_metadata": {"role": "admin"}}');
select tests.can_see('select from api.notes', 4, 'who runs the place sees all notes');
select tests.as_user('bob');
select tests.can_see('select from api.notes', 3, 'everybody else those of the team');

select * from finish();
rollback;

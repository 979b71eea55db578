begin;
select no_plan();

select tests.as_user('bob');
select tests.lets('select api.archive_note(1)', 1, 'members archive notes');
select tests.as_anonymous();
select tests.denies('select api.archive_note(1)');

select * from finish();
rollback;

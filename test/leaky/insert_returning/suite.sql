begin;
select no_plan();

select tests.as_user('bob');
select tests.lets('insert into api.replies (note_id) values (1) returning quote', 1, 'one replies to a note, which is quoted');
select tests.as_anonymous();
select tests.denies('insert into api.replies (note_id) values (1)');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see($$ select from api.note_list where owner = 'alice' $$, 2, 'the list shows the notes of the team');
select tests.as_anonymous();
select tests.denies('select from api.note_list', 'and to nobody without a token');

select * from finish();
rollback;

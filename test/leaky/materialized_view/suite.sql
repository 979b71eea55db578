begin;
select no_plan();

select tests.as_user('bob');
select tests.can_see('select from api.note_counts where team_id = 1', 1, 'members see the figures of their team');

select * from finish();
rollback;

begin;
select no_plan();

select tests.as_user('alice');
select tests.can_see('select from api.invoices where team_id = 1', 1, 'who administers a team sees its invoices');

select * from finish();
rollback;

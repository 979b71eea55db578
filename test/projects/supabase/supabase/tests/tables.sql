-- Each table is protected, partitions too, and no table is here that these tests do not know.
begin;
select no_plan();

select tables_are('public', '{profiles,organisations,memberships,documents,events,events_2024,events_later}', 'the tables are those that are tested');
select tests.has_rls(name)
from unnest('{public.events_2024,public.events_later}'::text[]) as name;
select tests.policies_complete(name)
from unnest('{public.profiles,public.organisations,public.memberships,public.events,storage.objects,"\"Billing\".\"Invoice Lines\""}'::text[]) as name;

select * from finish();
rollback;

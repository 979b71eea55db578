-- Each table is protected, partitions too, and no table is here that these tests do not know.
begin;
select no_plan();

select tables_are('public', '{profiles,organisations,memberships,documents,events,events_2024,events_later}', 'the tables are those that are tested');
select tests.policies_complete(name)
from unnest(
  '{public.profiles,public.organisations,public.memberships,public.documents,public.events,public.events_2024,public.events_later,storage.objects,"\"Billing\".\"Invoice Lines\""}'::text[]
) as name;

-- Who reads a view; nobody else does, and nobody writes through one.
select table_privs_are(v.schema, v.name, r.name, case when r.name = any (v.readers) then '{SELECT}'::text[] else '{}' end)
from (
  values
    ('public', 'published_documents', '{anon,authenticated}'::text[]),
    ('Billing', 'Invoice.Totals', '{authenticated,service_role}')
) as v (schema, name, readers)
cross join unnest('{anon,authenticated,service_role}'::text[]) as r (name);

-- What is called by name, and that nobody names what policies and triggers call.
select function_privs_are('public', f.name, f.arguments, r.name, case r.name when 'authenticated' then '{EXECUTE}'::text[] else '{}' end)
from (
  values
    ('invite', '{uuid,text,org_role}'::text[]),
    ('create_document', '{uuid,text,text,document_state}')
) as f (name, arguments)
cross join unnest('{anon,authenticated,service_role}'::text[]) as r (name);
select schema_privs_are('private', name, '{}')
from unnest('{anon,authenticated,service_role}'::text[]) as name;
select schema_privs_are('Billing', 'anon', '{}');
select table_privs_are('auth', 'users', name, '{}')
from unnest('{anon,authenticated,service_role}'::text[]) as name;

select * from finish();
rollback;

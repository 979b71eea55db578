-- Without a token: no table, no view, and of the functions register and login only.
begin;
select no_plan();

select tests.as_anonymous();
select tests.denies(format('select * from api.%I', c.relname), 'without a token nobody reads ' || c.relname)
from pg_class as c
where c.relnamespace = 'api'::regnamespace
  and c.relkind in ('r', 'v');
select tests.denies(format(statement, c.relname), 'without a token there is no ' || format(statement, c.relname))
from pg_class as c
cross join unnest(array['insert into api.%I default values', 'delete from api.%I', 'update api.%I set created_at = default']) as statement
where c.relnamespace = 'api'::regnamespace
  and c.relkind = 'r'
  and (c.relname <> 'project_members' or statement not like 'update%');
select tests.denies(
  format('select api.%I(%s)', p.proname, (select string_agg('null::' || format_type(t, null), ', ') from unnest(p.proargtypes) as t)),
  'without a token nobody calls ' || p.proname
)
from pg_proc as p
where p.pronamespace = 'api'::regnamespace
  and p.proname not in ('register', 'login');

-- Tables out of the API are nobody's, with a token or without.
select tests.denies('select * from auth.credentials', 'nobody reads password hashes without a token');
select tests.denies('select * from auth.secrets', 'nobody reads the secret without a token');
select tests.only('{}', 'select * from auth.credentials', 'denies', 'read password hashes');
select tests.only('{}', 'select * from auth.secrets', 'denies', 'read the secret');

select * from finish();
rollback;

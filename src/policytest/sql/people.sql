-- The cast: names, and the claims that PostgREST would find in their tokens. Somebody may be made while somebody else was
-- become, so these are the owner's functions.

create function tests.define_user(name text, claims jsonb)
  returns void
  language plpgsql
  security definer
as $$
begin
  if pg_catalog.jsonb_typeof(claims) is distinct from 'object' or claims ->> 'role' is null then
    raise exception 'the claims of % are no token''s: %', define_user.name, coalesce(claims::text, 'null')
      using hint = 'give an object that names the role, like {"role": "authenticated", "sub": "…"}';
  end if;
  insert into tests.people (name, claims)
  values (define_user.name, define_user.claims)
  on conflict on constraint people_pkey do update set claims = excluded.claims;
end
$$;
comment on function tests.define_user(text, jsonb) is 'Gives a name to whoever sends a token with these claims; makes no row. They name the role.';

create function tests.create_user(name text)
  returns void
  language plpgsql
  security definer
as $$
begin
  if pg_catalog.to_regprocedure('tests.new_user(text)') is null then
    raise exception 'how a user of this project is made was not said, so % cannot be', create_user.name
      using hint = 'in _fixtures.sql: create function tests.new_user(name text) returns jsonb …, which inserts the rows and returns the claims of the token';
  end if;
  if exists (select from tests.people as p where p.name = create_user.name) then
    raise exception 'there is a % already', create_user.name
      using hint = format('become them: select tests.as_user(%L)', create_user.name);
  end if;
  perform tests.define_user(create_user.name, tests.new_user(create_user.name));
end
$$;
comment on function tests.create_user(text) is 'Makes a user by the project''s own tests.new_user(name), and remembers what that returns as the claims of their token.';

create function tests.claims(name text)
  returns jsonb
  language plpgsql
  stable
as $$
declare
  found_claims jsonb;
begin
  select p.claims
  into found_claims
  from tests.people as p
  where p.name = claims.name;
  if found_claims is null then
    raise exception 'there is no user %', coalesce(claims.name, 'null')
      using hint = coalesce(
        (select 'known are ' || string_agg(p.name, ', ' order by p.name) from tests.people as p),
        format('make one: select tests.create_user(%L)', claims.name)
      );
  end if;
  return found_claims;
end
$$;
comment on function tests.claims(text) is 'The claims of a user''s token.';

create function tests.claim(name text, claim text)
  returns text
  language plpgsql
  stable
as $$
begin
  if not tests.claims(name) ? claim then
    raise exception 'the token of % has no claim %', claim.name, claim.claim
      using hint = format('it has %s', tests.claims(name));
  end if;
  return tests.claims(name) ->> claim;
end
$$;
comment on function tests.claim(text, text) is 'One claim of a user''s token, as text: tests.claim(''ada'', ''sub'')::uuid.';

create function tests.everybody()
  returns text[]
  language sql
  stable
as $$
  select coalesce(array_agg(p.name order by p.name), '{}')
  from tests.people as p
$$;
comment on function tests.everybody() is 'The names of all users that were made or defined.';

create table tests.calls (
  n integer primary key generated always as identity,
  routine text not null,
  arguments jsonb not null,
  label text not null,
  unique (routine, label)
);
comment on table tests.calls is 'Arguments with which the access matrix calls functions.';

create function tests.define_call(routine text, label text, arguments jsonb)
  returns void
  language plpgsql
  security definer
as $$
declare
  given constant text[] := case when pg_catalog.jsonb_typeof(arguments) = 'object' then array(select jsonb_object_keys(arguments)) end;
  known constant text[] := array(
    select p.oid::regprocedure::text
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where pg_catalog.concat(n.nspname, '.', p.proname) = define_call.routine
    order by 1
  );
begin
  if cardinality(known) = 0 then
    raise exception 'there is no function %', coalesce(routine, 'null')
      using hint = 'write it with its schema and without its arguments: ''api.assign_task''';
  elsif given is null then
    raise exception 'the arguments of % are no object: %', routine, coalesce(arguments::text, 'null')
      using hint = 'name them: jsonb_build_object(''task_id'', tests.task(''Guidance''))';
  elsif not exists (
    select
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where pg_catalog.concat(n.nspname, '.', p.proname) = define_call.routine
      and coalesce(p.proargnames, '{}') @> given
      and cardinality(given) between p.pronargs - p.pronargdefaults and p.pronargs
  ) then
    raise exception '% does not take the arguments (%)', routine, array_to_string(given, ', ')
      using hint = format('known: %s', array_to_string(known, ', '));
  end if;
  insert into tests.calls (routine, label, arguments)
  values (define_call.routine, define_call.label, define_call.arguments);
end
$$;
comment on function tests.define_call(text, text, jsonb) is 'Says with which arguments the access matrix calls a function, and what that call is called there.';

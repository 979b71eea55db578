-- What is to be known of a role before it is become: as readRole and whyRefused in src/db/impersonate.ts.

create function tests._check_role(role text)
  returns void
  language plpgsql
  stable
as $$
declare
  api tests.api;
  unbound constant text := 'row-level security does not hold for it, so a request as this role proves nothing';
  choose constant text := 'name a role of the API, such as a token''s `role` claim';
  wanted record;
begin
  select a.*
  into api
  from tests.api as a;
  select
    r.oid,
    r.rolsuper,
    r.rolbypassrls,
    (
      select format('%I.%I', n.nspname, c.relname)
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = any (api.schemas)
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and pg_catalog.pg_has_role(r.oid, c.relowner, 'member')
      order by 1
      limit 1
    ) as owned
  into wanted
  from pg_catalog.pg_roles as r
  where r.rolname = role;
  if not found then
    raise exception 'there is no role %', coalesce(role, 'null')
      using hint = 'make it in a migration, or ' || choose;
  elsif wanted.rolsuper then
    raise exception '% is a superuser: %', role, unbound
      using hint = choose;
  elsif wanted.rolbypassrls then
    raise exception '% has BYPASSRLS: %', role, unbound
      using hint = choose;
  elsif wanted.owned is not null then
    raise exception '% owns %: %', role, wanted.owned, unbound
      using hint = choose;
  elsif pg_catalog.to_regrole(quote_ident(api.authenticator_role)) is null then
    raise exception 'there is no role %, as which PostgREST would log in', api.authenticator_role
      using hint = 'name PostgREST''s role in roles.authenticator of tm-db.config.json';
  elsif not pg_catalog.pg_has_role(api.authenticator_role, wanted.oid, 'member') then
    raise exception '% is not a member of %, so PostgREST could not become it', api.authenticator_role, role
      using hint = format('grant %I to %I', role, api.authenticator_role);
  elsif not pg_catalog.pg_has_role(
    session_user,
    wanted.oid,
    case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end
  ) then
    raise exception '%, as whom the tests run, may not become %', session_user, role
      using hint = format('grant %I to %I', api.authenticator_role, session_user);
  end if;
end
$$;

-- Listing all settings takes longer than all else about becoming somebody, so the answer is kept for the transaction.
create function tests._may_set(authenticator oid, setting text)
  returns boolean
  language plpgsql
as $$
declare
  known constant jsonb := coalesce(nullif(current_setting('tests.may_set', true), ''), '{}')::jsonb;
  may boolean := (known ->> setting)::boolean;
begin
  if may is null then
    may := exists (
      select
      from pg_catalog.pg_settings as s
      where s.name = _may_set.setting
        and (s.context = 'user' or pg_catalog.has_parameter_privilege(authenticator, s.name, 'set'))
    );
    perform pg_catalog.set_config('tests.may_set', (known || jsonb_build_object(setting, may))::text, true);
  end if;
  return may;
end
$$;

-- What `alter role … set` gave it, as PostgREST reads it: of the roles that the authenticator is itself a member of, and
-- only what the authenticator may set. In PL/pgSQL, which plans it once for a session.
create function tests._role_settings(role text)
  returns table (name text, value text)
  language plpgsql
as $$
begin
  return query
  select
    kv.name,
    kv.value
  from tests.api as a
  join pg_catalog.pg_roles as authenticator on authenticator.rolname = a.authenticator_role
  join pg_catalog.pg_auth_members as m on m.member = authenticator.oid
  join pg_catalog.pg_roles as r on r.oid = m.roleid
  cross join unnest(r.rolconfig) as setting
  cross join lateral (
    select
      split_part(setting, '=', 1),
      substr(setting, strpos(setting, '=') + 1)
  ) as kv (name, value)
  where r.rolname = _role_settings.role
    and kv.name <> 'default_transaction_isolation'
    and tests._may_set(authenticator.oid, kv.name)
  group by kv.name, kv.value;
end
$$;

-- The exposed schema that a request names in its Accept-Profile or Content-Profile, else the first.
create function tests._schema(persona jsonb)
  returns text
  language plpgsql
  stable
as $$
declare
  schemas constant text[] := (select a.schemas from tests.api as a);
  profile constant text := (
    select h.value
    from jsonb_each_text(coalesce(persona -> 'headers', '{}')) as h
    where lower(h.key) = case when persona ->> 'method' in ('GET', 'HEAD') then 'accept-profile' else 'content-profile' end
  );
begin
  if profile is not null and profile <> all (schemas) then
    raise exception 'the schema % is not exposed', profile
      using hint = 'name it in exposedSchemas of tm-db.config.json';
  end if;
  return coalesce(profile, schemas[1]);
end
$$;

-- The function that a request to /rpc/<name> calls, and its settings that PostgREST raises to the transaction
-- (its default db-hoisted-tx-settings). No row for other paths.
create function tests._routine(persona jsonb)
  returns table (is_volatile boolean, settings text[])
  language plpgsql
  stable
as $$
begin
  if coalesce(persona ->> 'path', '/') not like '/rpc/%' then
    return;
  end if;
  return query
  select
    p.provolatile = 'v',
    p.proconfig
  from pg_catalog.pg_proc as p
  join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = tests._schema(persona)
    and p.proname = substr(persona ->> 'path', 6)
  order by p.pronargs
  limit 1;
end
$$;

-- What the platform brings: the roles of the API, accounts, files, and a schema for extensions. Made only where it is
-- missing: on the embedded server, and in the databases of tests.

-- Up Migration
do $$
declare
  wanted text;
begin
  foreach wanted in array array['authenticator', 'anon', 'authenticated', 'service_role'] loop
    begin
      execute format('create role %I noinherit %s', wanted, case when wanted = 'authenticator' then 'login' else 'nologin' end);
    exception
      when duplicate_object then
        null;
    end;
    if wanted <> 'authenticator' and not pg_has_role('authenticator', wanted, 'member') then
      execute format('grant %I to authenticator', wanted);
    end if;
  end loop;
end
$$;

do $$
begin
  if to_regnamespace('auth') is not null then
    return;
  end if;
  create schema extensions;
  create extension citext with schema extensions;

  create schema auth;
  create table auth.users (
    id uuid primary key default gen_random_uuid(),
    email extensions.citext not null unique,
    raw_app_meta_data jsonb not null default '{}',
    raw_user_meta_data jsonb not null default '{}'
  );
  create function auth.jwt()
    returns jsonb
    language sql
    stable
  return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  create function auth.uid()
    returns uuid
    language sql
    stable
  return (auth.jwt() ->> 'sub')::uuid;

  create schema storage;
  create table storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text not null,
    name text not null,
    owner_id uuid references auth.users on delete set null,
    unique (bucket_id, name)
  );
  create index objects_owner_id_idx on storage.objects (owner_id);

  grant usage on schema public, storage, extensions, auth to anon, authenticated, service_role;
end
$$;

-- Down Migration
do $$
begin
  if (select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'auth') <> current_user::regrole then
    return;
  end if;
  drop schema storage, auth, extensions cascade;
  revoke usage on schema public from anon, authenticated, service_role;
end
$$;
do $$
begin
  drop role authenticator, anon, authenticated, service_role;
exception
  -- Another database of this server needs them, or somebody else made them.
  when dependent_objects_still_exist or insufficient_privilege or undefined_object then
    null;
end
$$;

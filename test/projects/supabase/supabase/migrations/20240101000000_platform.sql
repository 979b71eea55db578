-- What the platform brings: the roles of the API, the accounts, files, and a schema for extensions.

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
    if wanted <> 'authenticator' and not exists (
      select
      from pg_catalog.pg_auth_members as m
      where m.roleid = to_regrole(wanted)
        and m.member = to_regrole('authenticator')
    ) then
      execute format('grant %I to authenticator', wanted);
    end if;
  end loop;
end
$$;

create schema extensions;
create extension citext with schema extensions;

create schema auth;
create table auth.users (
  id uuid primary key default gen_random_uuid(),
  email extensions.citext not null unique,
  raw_app_meta_data jsonb not null default '{}',
  raw_user_meta_data jsonb not null default '{}'
);

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

-- Down Migration
revoke usage on schema public from anon, authenticated, service_role;
drop schema storage cascade;
drop schema auth cascade;
drop extension citext;
drop schema extensions;
do $$
begin
  drop role authenticator, anon, authenticated, service_role;
exception
  -- Another database of this server needs them, or somebody else made them.
  when dependent_objects_still_exist or insufficient_privilege or undefined_object then
    null;
end
$$;

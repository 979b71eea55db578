-- Two teams that must not see each other's notes. Rows are made here, so that whatever comes later finds some.

-- Up Migration
do $$
declare
  wanted text;
begin
  foreach wanted in array array['authenticator', 'anonymous', 'app_user'] loop
    begin
      execute format('create role %I noinherit %s', wanted, case when wanted = 'authenticator' then 'login' else 'nologin' end);
      if wanted <> 'authenticator' then
        execute format('grant %I to authenticator', wanted);
      end if;
    exception
      when duplicate_object then
        null;
    end;
  end loop;
end
$$;

create schema api;
grant usage on schema api to anonymous, app_user;
create schema private;

create function private.me()
  returns text
  language sql
  stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub';

create table private.people (
  name text primary key
);
create table api.teams (
  id integer primary key,
  name text not null
);
create table api.members (
  team_id integer references api.teams,
  person text references private.people,
  role text not null default 'reader' check (role in ('reader', 'admin')),
  primary key (team_id, person)
);
create table api.notes (
  id integer generated always as identity primary key,
  team_id integer not null references api.teams,
  owner text not null default private.me() references private.people,
  body text not null,
  archived boolean not null default false
);

insert into private.people values ('alice'), ('bob'), ('mallory');
insert into api.teams values (1, 'Red'), (2, 'Blue');
insert into api.members values (1, 'alice', 'admin'), (1, 'bob', 'reader'), (2, 'mallory', 'reader');
insert into api.notes (team_id, owner, body, archived)
values
  (1, 'alice', 'The plan', false),
  (1, 'bob', 'A question', false),
  (1, 'alice', 'An old plan', true),
  (2, 'mallory', 'Nothing yet', false);

-- Definer: the policies of members may ask it too.
create function private.my_teams(variadic roles text[] default '{reader,admin}')
  returns integer[]
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select coalesce(array_agg(m.team_id), '{}')
  from api.members as m
  where m.person = (select private.me())
    and m.role = any (roles)
$$;

-- Down Migration
drop schema api, private cascade;

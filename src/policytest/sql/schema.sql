-- What policy tests are written with. It is put into scratch databases only, never into one that people use.
create schema tests;
comment on schema tests is 'Helpers of policy tests. Scratch databases only.';
grant usage on schema tests to public;
-- A test calls them as whoever it has become, and so it does what a project adds in its own _fixtures.sql. Nothing in
-- a scratch database needs protection from the tests.
alter default privileges in schema tests grant execute on functions to public;
alter default privileges in schema tests grant select on tables to public;

create table tests.api (
  only_row boolean primary key default true check (only_row),
  schemas text[] not null,
  extra_search_path text[] not null,
  pre_request text,
  anonymous_role text not null,
  authenticator_role text not null,
  tap_schema text not null
);
comment on table tests.api is 'How PostgREST is configured, and where pgTAP lies.';

create table tests.people (
  name text primary key,
  claims jsonb not null
);
comment on table tests.people is 'Who is who: the claims of the token that somebody would send.';

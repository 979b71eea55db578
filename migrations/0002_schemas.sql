-- Four schemas, so that what PostgREST exposes holds nothing that is not meant to be called or read.
-- Functions are executable by everybody unless that is taken away. `in schema` would take away nothing: a default for
-- one schema can only add to the default for all.

-- Up Migration
alter default privileges revoke execute on functions from public;

create schema api;
comment on schema api is 'Task manager: projects, their members, tasks and comments. Register or log in to get a token.';
grant usage on schema api to api_anonymous, api_user;

create schema auth;
comment on schema auth is 'Credentials, secrets, tokens, and the helpers that policies call. No table here is granted to an API role.';
-- For auth.pre_request and the helpers that functions in api call; every function is granted by name.
grant usage on schema auth to api_anonymous, api_user;

create schema stats;
comment on schema stats is 'Figures kept up to date by triggers or refreshed on demand. Read through views in api; no usage is granted.';

create schema internal;
comment on schema internal is 'Trigger functions, checks and the extension with the cryptography. No usage is granted.';

create extension pgcrypto with schema internal;

-- Down Migration
drop extension pgcrypto;
drop schema internal;
drop schema stats;
drop schema auth;
drop schema api;
alter default privileges grant execute on functions to public;

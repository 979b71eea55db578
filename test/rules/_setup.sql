-- What stands around each rule's SQL: an exposed schema, one that is not, and PostgREST's roles.
create role web_anon nologin noinherit;
create role web_user nologin noinherit;
create role web_authenticator login noinherit;
grant web_anon, web_user to web_authenticator;
create schema api;
create schema private;
grant usage on schema api to web_anon, web_user;
comment on schema api is 'The API.';

create table api.accounts (id bigint, name text, password_hash text, password_changed_at timestamptz, has_token boolean, token_count int);
grant select (id, name, password_changed_at, has_token, token_count), insert on api.accounts to web_user;
create table private.credentials (id bigint, password_hash text);
grant select on private.credentials to web_user;
create view api.sharing as
  select 1 as id, 'x' as hashtag, 'x' as passport, 'x' as monkey, 'x' as sort_key, 'x' as zip_code, 'x' as pwned,
    'x' as mfa_method, 'x' as signing_keyboard, 'x' as secretary;
grant select on api.sharing to web_user;

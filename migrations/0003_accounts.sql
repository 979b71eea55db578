-- People, and apart from them what proves who they are: a row with a hash in it must never fail a constraint, because
-- PostgreSQL puts the failing row into the error.

-- Up Migration
create type auth.jwt_token as (token text);
comment on type auth.jwt_token is 'What logging in answers: a signed token to send as `Authorization: Bearer <token>`.';

create table auth.secrets (
  only_row boolean primary key default true check (only_row),
  secret text not null check (octet_length(secret) >= 32),
  standby_secret text check (octet_length(standby_secret) >= 32),
  previous_secret text check (octet_length(previous_secret) >= 32),
  previous_until timestamptz,
  constraint secrets_check check ((previous_secret is null) = (previous_until is null))
);
comment on table auth.secrets is 'The secret that signs tokens, and beside it the next and the last: one row, written by tm-db, never by a file.';
comment on column auth.secrets.standby_secret is 'Signs next: PostgREST accepts it already.';
comment on column auth.secrets.previous_secret is 'Signed before: PostgREST accepts it until previous_until.';

create table auth.settings (
  only_row boolean primary key default true check (only_row),
  token_lifetime interval not null default '1 hour' check (token_lifetime > interval '0'),
  -- A cost, not a key: it never grows.
  -- squawk-ignore prefer-bigint-over-int
  bcrypt_cost integer not null default 10 check (bcrypt_cost between 4 and 18),
  most_projects bigint not null default 10000 check (most_projects > 0)
);
comment on table auth.settings is 'How long a token lasts, how much work a password''s hash is, and in how many projects somebody may be.';
comment on column auth.settings.bcrypt_cost is 'bcrypt''s cost: each step doubles the work. Below 10 is for tests only. A login takes as long as the dearest hash that there is, and has to end within the statement_timeout of api_anonymous.';
comment on column auth.settings.most_projects is 'In how many projects one account may be. Nobody is asked before becoming a member, and each project makes their requests slower.';
insert into auth.settings default values;

create table api.users (
  id bigint generated always as identity primary key,
  email text not null unique,
  name text not null,
  created_at timestamptz not null default now(),
  constraint users_email_check check (
    octet_length(email) <= 254
    and email = lower(email)
    and email ~ '^[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:"]+@[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:"]+\.[^@[:space:][:cntrl:]\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufeff<>()\[\]\\,;:".]+$'
  ),
  constraint users_name_check check (char_length(name) <= 200 and name ~ '[^[:space:]]')
);
comment on table api.users is 'People with an account. Everybody sees themself and those they share a project with; e-mail addresses are in user_profiles.';
comment on column api.users.id is 'Number of the account.';
comment on column api.users.email is 'Normalised address. Not readable here: user_profiles shows each person their own.';
comment on column api.users.name is 'Name as others see it, up to 200 characters.';
comment on column api.users.created_at is 'When the account was made.';

create table auth.credentials (
  user_id bigint primary key references api.users on delete cascade,
  password_hash text not null,
  -- A cost, not a key: it never grows.
  -- squawk-ignore prefer-bigint-over-int
  cost integer generated always as (substring(password_hash from '^\$2[abxy]\$(\d\d)\$')::integer) stored,
  tokens_since bigint not null default 0
);
-- The dearest one, at each login.
create index credentials_cost_idx on auth.credentials (cost);
comment on table auth.credentials is 'Password hashes, apart from the people they belong to.';
comment on column auth.credentials.cost is 'bcrypt''s cost of the hash.';
comment on column auth.credentials.tokens_since is 'Tokens issued before this second (since 1970) are refused: it moves when the password changes.';

-- Down Migration
drop table auth.credentials;
drop table api.users;
drop table auth.settings;
drop table auth.secrets;
drop type auth.jwt_token;

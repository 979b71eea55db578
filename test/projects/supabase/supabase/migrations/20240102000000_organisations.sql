-- Who works with whom. A membership is what people have in common, so its key is both of them.

-- Up Migration
create schema private;

create domain public.slug as text check (value ~ '^[a-z][a-z0-9-]{1,39}$');
create type public.org_role as enum ('viewer', 'editor', 'admin');

create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  handle public.slug not null unique,
  full_name text check (length(full_name) <= 200)
);

create table public.organisations (
  id uuid primary key default gen_random_uuid(),
  slug public.slug not null unique,
  created_by uuid references auth.users on delete set null
);
create index organisations_created_by_idx on public.organisations (created_by);

create table public.memberships (
  organisation_id uuid references public.organisations on delete cascade,
  user_id uuid references public.profiles on delete cascade,
  role public.org_role not null default 'viewer',
  primary key (organisation_id, user_id)
);
create index memberships_user_id_idx on public.memberships (user_id, role) include (organisation_id);

-- Down Migration
drop table public.memberships, public.organisations, public.profiles;
drop type public.org_role;
drop domain public.slug;
drop schema private;

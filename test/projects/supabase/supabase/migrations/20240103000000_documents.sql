-- Documents are numbered within their organisation. What happens to them is kept by the year.
-- tm-db: needs supabase/schemas/functions/private/count_words.sql

-- Up Migration
create type public.document_state as enum ('draft', 'published', 'locked');

create table public.documents (
  organisation_id uuid references public.organisations on delete cascade,
  number integer,
  title text not null check (title ~ '\S' and length(title) <= 200),
  body text not null default '',
  state public.document_state not null default 'draft',
  author_id uuid default auth.uid() references public.profiles on delete set null,
  words integer generated always as (private.count_words(body)) stored,
  primary key (organisation_id, number)
);
create index documents_author_id_idx on public.documents (author_id);

create table public.events (
  organisation_id uuid not null references public.organisations on delete cascade,
  number integer not null,
  at timestamptz not null default now(),
  actor_id uuid default auth.uid(),
  what text not null,
  primary key (organisation_id, number, at)
) partition by range (at);
create table public.events_2024 partition of public.events for values from ('2024-01-01Z') to ('2025-01-01Z');
create table public.events_later partition of public.events default;

-- Down Migration
drop table public.events, public.documents;
drop type public.document_state;

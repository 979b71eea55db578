create function private.user_id() returns bigint
  language sql
  stable
as $$
  select
    coalesce(
      nullif(current_setting('request.jwt.claim.user_id', true), '')::bigint,
      (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'user_id')::bigint
    )
$$;
create table api.notes (id bigint, owner bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = (select private.user_id()));

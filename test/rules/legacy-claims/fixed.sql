create or replace function private.user_id() returns bigint
  language sql
  stable
as $$
  select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'user_id')::bigint
$$;
alter policy select_own on api.notes
  using (owner = (select private.user_id()));

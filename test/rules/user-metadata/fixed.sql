drop policy delete_admin on api.notes;
alter policy select_admin on api.notes
  using ((select current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'role') = 'admin');
create or replace function private.team() returns text
  language sql
  stable
return current_setting('request.jwt.claims', true)::jsonb #>> '{app_metadata,team}';

-- finds: function private.is_admin()
-- finds: policy select_admin on api.notes
create function private.is_admin() returns boolean
  language sql
  stable
as $$
  select current_setting('request.jwt.claims', true)::jsonb #>> '{user_metadata,role}' = 'admin'
$$;
create table api.notes (id bigint);
alter table api.notes enable row level security;
create policy select_admin on api.notes
  for select
  to web_user
  using ((select current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata' ->> 'role') = 'admin');
create policy delete_admin on api.notes
  for delete
  to web_user
  using ((select private.is_admin()));

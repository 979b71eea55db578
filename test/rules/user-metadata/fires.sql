-- finds: function private.is_admin()
-- finds: function private.profile()
-- finds: policy select_admin on api.notes
create function private.is_admin() returns boolean
  language sql
  stable
as $$
  select current_setting('request.jwt.claims', true)::jsonb #>> '{user_metadata,role}' = 'admin'
$$;
create function private.profile() returns jsonb
  language sql
  stable
as $$
  select current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata'
$$;
create function private.team() returns text
  language sql
  stable
return private.profile() ->> 'team';
create function private.is_in(team text) returns boolean
  language plpgsql
  stable
as $$
begin
  return private.team() = team;
end
$$;
create table api.notes (id bigint, team text);
alter table api.notes enable row level security;
create policy select_admin on api.notes
  for select
  to web_user
  using ((select current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata' ->> 'role') = 'admin');
create policy delete_admin on api.notes
  for delete
  to web_user
  using ((select private.is_admin()));
create policy update_team on api.notes
  for update
  to web_user
  using (private.is_in(team));

-- finds: function private.user_id()
-- finds: policy select_own on api.notes
create function private.user_id() returns bigint
  language sql
  stable
as $$
  select current_setting('request.jwt.claim.user_id', true)::bigint
$$;
create table api.notes (id bigint, owner bigint);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = (select current_setting('request.jwt.claim.user_id', true)::bigint));

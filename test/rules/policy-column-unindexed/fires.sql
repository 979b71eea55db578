-- finds: column api.notes."Project Id"
-- finds: column api.notes.kind
-- finds: column api.notes.owner
create table api.notes (id bigint primary key, owner text, "Project Id" bigint, kind varchar(9));
create index on api.notes (id, owner);
alter table api.notes enable row level security;
create policy select_own on api.notes
  for select
  to web_user
  using (owner = (select current_user) or "Project Id" = any ((select array[1, 2])::bigint[]));
create policy delete_own on api.notes
  for delete
  to web_user
  using ((select current_user) = kind and id > 0);

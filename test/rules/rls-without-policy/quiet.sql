create table api.notes (id bigint, owner text);
alter table api.notes enable row level security;
grant select, delete on api.notes to web_user;
create policy own on api.notes
  to public
  using (owner = current_user);
create table api.closed (id bigint);
alter table api.closed enable row level security;

-- An identity needs no grant on its sequence.
create table api.tickets (
  id integer generated always as identity primary key,
  team_id integer not null
);
alter table api.tickets enable row level security;
grant select, insert (team_id) on api.tickets to app_user;

create policy insert_member on api.tickets
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]));

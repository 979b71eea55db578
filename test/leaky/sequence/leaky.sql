create table api.tickets (
  id serial primary key,
  team_id integer not null
);
alter table api.tickets enable row level security;
grant select, insert on api.tickets to app_user;
grant all on all sequences in schema api to app_user;

create policy insert_member on api.tickets
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]));

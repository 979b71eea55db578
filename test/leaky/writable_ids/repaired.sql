create table api.tickets (
  id integer generated always as identity primary key,
  team_id integer not null,
  title text not null
);
insert into api.tickets (team_id, title) values (1, 'First');
alter table api.tickets enable row level security;
grant select, insert (team_id, title) on api.tickets to app_user;

create policy select_member on api.tickets
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));

create policy insert_member on api.tickets
  for insert
  to app_user
  with check (team_id = any ((select private.my_teams())::integer[]));

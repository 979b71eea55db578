create table api.events (
  team_id integer not null,
  what text not null
) partition by list (team_id);
create table api.events_red partition of api.events for values in (1);
create table api.events_others partition of api.events default;
insert into api.events values (1, 'a secret'), (2, 'nothing');
alter table api.events enable row level security;
grant select on api.events, api.events_red, api.events_others to app_user;

create policy select_member on api.events
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));

-- No grant on partitions, and should one come: row-level security without a policy.
create table api.events (
  team_id integer not null,
  what text not null
) partition by list (team_id);
create table api.events_red partition of api.events for values in (1);
create table api.events_others partition of api.events default;
insert into api.events values (1, 'a secret'), (2, 'nothing');
alter table api.events enable row level security;
grant select on api.events to app_user;

create policy select_member on api.events
  for select
  to app_user
  using (team_id = any ((select private.my_teams())::integer[]));
alter table api.events_red enable row level security;
alter table api.events_others enable row level security;

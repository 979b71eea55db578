-- Whatever is made here is granted to both roles, so the policy alone decides.
grant select on api.teams to anonymous, app_user;

create policy select_all on api.teams
  for select
  using (true);

create function private.is_member(team integer, who text)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select exists (
    select
    from api.members as m
    where (m.team_id, m.person) = (team, who)
  )
$$;

grant select on api.teams to app_user;
create policy select_member on api.teams
  for select
  to app_user
  using (private.is_member(id, private.me()));

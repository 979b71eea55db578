create function api.digest(team integer)
  returns setof text
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select n.body
  from api.notes as n
  where n.team_id = team
$$;
grant execute on function api.digest(integer) to app_user;

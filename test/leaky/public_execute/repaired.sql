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
    and n.team_id = any ((select private.my_teams())::integer[])
$$;
revoke execute on function api.digest(integer) from public;
grant execute on function api.digest(integer) to app_user;

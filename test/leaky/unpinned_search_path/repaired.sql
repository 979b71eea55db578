create function api.team_notes(team integer)
  returns setof api.notes
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  return query
    select n.*
    from api.notes as n
    where n.team_id = team
      and exists (select from api.members as m where (m.team_id, m.person) = (team, private.me()));
end
$$;

create function api.team_notes(team integer)
  returns setof api.notes
  language plpgsql
  stable
  security definer
as $$
begin
  return query
    select n.*
    from notes as n
    where n.team_id = team
      and exists (select from members as m where (m.team_id, m.person) = (team, private.me()));
end
$$;

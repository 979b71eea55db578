create function api.archive_note(note integer)
  returns setof integer
  language sql
  security definer
  set search_path = ''
as $$
  update api.notes as n
  set archived = true
  where n.id = note
  returning n.id
$$;
revoke execute on function api.archive_note(integer) from public;
grant execute on function api.archive_note(integer) to app_user;

-- Lets the role of the connection become the authenticator, and through it all that PostgREST may become. It may have made
-- that role and yet not become it: before 16 whoever makes a role is no member of it, from 16 on a member without SET.
do $$
declare
  modern constant boolean := current_setting('server_version_num')::integer >= 160000;
  authenticator constant text := quote_ident(current_setting('tests.authenticator'));
begin
  if to_regrole(authenticator) is null
    or pg_catalog.pg_has_role(session_user, to_regrole(authenticator), case when modern then 'set' else 'member' end)
  then
    return;
  end if;
  execute format(
    'grant %s to %I %s',
    authenticator,
    session_user,
    case when modern then 'with inherit false, set true' end
  );
exception
  -- Another run grants the same at this moment.
  when unique_violation or internal_error then
    null;
end
$$;

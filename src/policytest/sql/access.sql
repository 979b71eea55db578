-- Lets the role of the connection become the authenticator and the roles of the API, which it may have made and yet not
-- become: before 16 whoever makes a role is no member of it, from 16 on a member without SET.
do $$
declare
  modern constant boolean := current_setting('server_version_num')::integer >= 160000;
  member_of name;
begin
  if (select me.rolsuper from pg_catalog.pg_roles as me where me.rolname = session_user) then
    return;
  end if;
  for member_of in
    select r.rolname
    from tests.api as a
    join pg_catalog.pg_roles as r on pg_catalog.pg_has_role(to_regrole(quote_ident(a.authenticator_role)), r.oid, 'member')
    where not r.rolsuper
      and not pg_catalog.pg_has_role(session_user, r.oid, case when modern then 'set' else 'member' end)
  loop
    begin
      execute format(
        'grant %I to %I %s',
        member_of,
        session_user,
        case when modern then 'with inherit false, set true' end
      );
    exception
      -- Another run grants the same at this moment.
      when unique_violation or internal_error then
        null;
    end;
  end loop;
end
$$;

-- Lets the role of the connection become the authenticator and the roles of the API, which it may have made and yet not
-- become.
do $$
declare
  api tests.api;
  member_of record;
begin
  select a.*
  into api
  from tests.api as a;
  for member_of in
    select r.rolname
    from pg_catalog.pg_roles as r
    where pg_catalog.pg_has_role(to_regrole(quote_ident(api.authenticator_role)), r.oid, 'member')
      and not (select me.rolsuper from pg_catalog.pg_roles as me where me.rolname = session_user)
      and not r.rolsuper
  loop
    -- Before 16 a membership is one of every kind; from 16 on whoever makes a role may not become it.
    if current_setting('server_version_num')::integer < 160000 then
      continue when pg_catalog.pg_has_role(session_user, member_of.rolname, 'member');
      execute format('grant %I to %I', member_of.rolname, session_user);
    else
      continue when pg_catalog.pg_has_role(session_user, member_of.rolname, 'set');
      execute format('grant %I to %I with inherit false, set true', member_of.rolname, session_user);
    end if;
  end loop;
end
$$;

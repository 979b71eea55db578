-- The roles that PostgREST uses: it logs in as authenticator and becomes one of the other two for each request.
-- Roles belong to the whole server, so another database may have made them already, and may go on needing them:
-- what is there is checked and kept, and the way back drops only what nothing needs any more. No password stands
-- here; tm-db sets the authenticator's.

-- Up Migration
do $$
declare
  wanted record;
begin
  for wanted in
    select w.name, w.attributes
    from (
      values
        ('api_anonymous', 'nologin noinherit'),
        ('api_user', 'nologin noinherit'),
        ('authenticator', 'login noinherit')
    ) as w (name, attributes)
  loop
    begin
      execute format('create role %I %s', wanted.name, wanted.attributes);
    exception
      when duplicate_object then
        null;
    end;
    -- Whoever logs in as api_user names the caller as they like, with no token at all.
    if exists (
      select
      from pg_catalog.pg_roles as r
      where r.rolname = wanted.name
        and (
          r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
          or (r.rolcanlogin and (r.rolinherit or wanted.name <> 'authenticator'))
        )
    ) or exists (
      select
      from pg_catalog.pg_auth_members as m
      where m.member = to_regrole(wanted.name)
        and m.roleid not in (to_regrole('api_anonymous'), to_regrole('api_user'))
    ) then
      raise exception 'the role % exists already and may do more than it should', wanted.name
        using hint = format('alter role %I nosuperuser nobypassrls nocreaterole nocreatedb noreplication %s; and revoke the roles it is a member of', wanted.name, wanted.attributes);
    end if;
  end loop;
end
$$;

-- Granting again what another database's owner granted would need their admin option.
do $$
declare
  member_of text;
begin
  foreach member_of in array array['api_anonymous', 'api_user'] loop
    if not exists (
      select
      from pg_catalog.pg_auth_members as m
      where m.roleid = to_regrole(member_of)
        and m.member = to_regrole('authenticator')
    ) then
      execute format('grant %I to authenticator', member_of);
    end if;
  end loop;
end
$$;

-- PostgREST applies a role's settings to each request made as that role, so these reach exactly its requests, and a
-- copy of the database keeps them. A request that runs for ten seconds is stopped: searching for a text made for the
-- purpose could otherwise keep a processor busy for hours. Without a token three: `?token=match.(.*)(.*)\1\2x` makes
-- logging in as long as it may take, for anybody, while by itself it is a tenth of a second of bcrypt, and a second on a
-- machine that is slow and busy. And with PostgreSQL's default of 4 for random_page_cost, `order by id limit 20` walks the
-- whole primary key for a caller who sees few rows; 1.1 is the usual value for SSDs.
do $$
declare
  wanted record;
begin
  for wanted in
    select w.role, w.name, w.value
    from (
      values
        ('api_anonymous', 'statement_timeout', '3s'),
        ('api_user', 'statement_timeout', '10s'),
        ('api_user', 'random_page_cost', '1.1')
    ) as w (role, name, value)
    where not exists (
      select
      from pg_catalog.pg_db_role_setting as s
      where s.setrole = to_regrole(w.role)
        and s.setdatabase = 0
        and format('%s=%s', w.name, w.value) = any (s.setconfig)
    )
  loop
    execute format('alter role %I set %I = %L', wanted.role, wanted.name, wanted.value);
  end loop;
exception
  when insufficient_privilege then
    raise warning 'the API roles belong to somebody else, so their settings stay as they are'
      using hint = 'whoever made them can set statement_timeout and random_page_cost, as this migration would';
end
$$;

-- Down Migration
-- All three or none: nothing in a database depends on authenticator itself, but where the other two are needed it is too.
do $$
begin
  drop role authenticator, api_user, api_anonymous;
exception
  -- Another database of this server needs them, or somebody else made them.
  when dependent_objects_still_exist or insufficient_privilege or undefined_object then
    null;
end
$$;

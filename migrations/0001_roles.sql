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
    if exists (
      select
      from pg_catalog.pg_roles as r
      where r.rolname = wanted.name
        and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or (r.rolinherit and r.rolcanlogin))
    ) then
      raise exception 'the role % exists already and may do more than it should', wanted.name
        using hint = format('alter role %I nosuperuser nobypassrls nocreaterole nocreatedb noinherit', wanted.name);
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

-- With PostgreSQL's default of 4, `order by id limit 20` walks the whole primary key for a caller who sees few rows.
-- 1.1 is the usual value for SSDs. PostgREST applies a role's settings to each request made as that role, so this
-- reaches exactly its requests, and a copy of the database keeps it.
do $$
begin
  if not exists (
    select
    from pg_catalog.pg_db_role_setting as s
    where s.setrole = to_regrole('api_user')
      and s.setdatabase = 0
      and 'random_page_cost=1.1' = any (s.setconfig)
  ) then
    alter role api_user set random_page_cost = 1.1;
  end if;
exception
  when insufficient_privilege then
    raise warning 'api_user belongs to somebody else, so random_page_cost stays as it is for its requests'
      using hint = 'whoever made the role can say: alter role api_user set random_page_cost = 1.1';
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

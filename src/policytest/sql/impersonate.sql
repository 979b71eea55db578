-- Becoming somebody as PostgREST does: the same settings in the same order as src/db/impersonate.ts, which a test compares.
-- Who is become stays in the setting tests.persona until the transaction ends: {"who", "role", "claims"}, what
-- tests.request() said of the request, and the settings that follow from it all. No function here pins its search_path, since PostgREST's is what they set.

create function tests.as_user(name text, claims jsonb default '{}')
  returns void
  language plpgsql
as $$
declare
  token constant jsonb := tests.claims(name) || claims;
begin
  perform tests._become(jsonb_build_object('who', name, 'role', token ->> 'role', 'claims', token));
end
$$;
comment on function tests.as_user(text, jsonb) is 'Becomes a user that create_user or define_user made; claims given here are put over those of their token.';

create function tests.as_role(role text, claims jsonb default '{}')
  returns void
  language plpgsql
as $$
begin
  perform tests._become(jsonb_build_object('who', role, 'role', role, 'claims', claims));
end
$$;
comment on function tests.as_role(text, jsonb) is 'Becomes whoever sends a token with that role and these claims and no others.';

create function tests.as_anonymous()
  returns void
  language plpgsql
as $$
declare
  role constant text := (select a.anonymous_role from tests.api as a);
begin
  perform tests._become(jsonb_build_object('who', 'anonymous', 'role', role, 'claims', '{}'::jsonb));
end
$$;
comment on function tests.as_anonymous() is 'Becomes whoever sends no token.';

create function tests.request(method text, path text default '/', headers json default '{}', cookies json default '{}')
  returns void
  language plpgsql
as $$
begin
  if method not in ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE') then
    raise exception 'PostgREST knows no method %', method
      using hint = 'GET, HEAD, POST, PUT, PATCH or DELETE';
  end if;
  perform tests._become(
    tests._persona() || jsonb_build_object('method', method, 'path', path, 'headers', headers, 'cookies', cookies)
  );
end
$$;
comment on function tests.request(text, text, json, json) is 'Says what the next requests of whoever was become look like, until somebody is become again. Without it an assertion takes the method that fits its statement.';

create function tests.back_to_owner()
  returns void
  language plpgsql
as $$
begin
  perform pg_catalog.set_config('role', 'none', true);
  perform pg_catalog.set_config(s.name, '', true)
  from unnest(array['claims', 'method', 'path', 'headers', 'cookies']) as part
  cross join lateral (select case part when 'claims' then 'request.jwt.claims' else 'request.' || part end) as s (name);
  perform pg_catalog.set_config('tests.persona', '', true);
  perform pg_catalog.set_config(before.key, before.value, true)
  from jsonb_each_text(nullif(current_setting('tests.before', true), '')::jsonb) as before;
  perform pg_catalog.set_config('tests.before', '', true);
end
$$;
comment on function tests.back_to_owner() is 'Ends being somebody: statements run as whoever runs the tests, and the request settings read as after a request.';

create function tests._persona()
  returns jsonb
  language plpgsql
  stable
as $$
declare
  persona constant jsonb := nullif(current_setting('tests.persona', true), '')::jsonb;
begin
  if persona is null then
    raise exception 'nobody makes this request'
      using hint = 'become somebody first: select tests.as_user(…), or tests.as_anonymous()';
  end if;
  return persona;
end
$$;

-- Plain statements see PostgREST's settings too, with pgTAP's schema at the end of the path so that is(…) is found, and
-- without READ ONLY, which a transaction could not leave again. What an assertion runs gets the exact ones. For whom the
-- pre-request function refuses, plain statements run as the authenticator, who may do nothing.
create function tests._become(persona jsonb)
  returns void
  language plpgsql
as $$
begin
  perform tests._stand_for(persona);
  begin
    perform tests._pre_request();
  exception
    -- PostgREST would run nothing more; an assertion's own request is refused in the same way.
    when others then
      perform pg_catalog.set_config('role', a.authenticator_role, true)
      from tests.api as a;
  end;
end
$$;

-- All of becoming somebody but the pre-request function, which each assertion's own request calls.
create function tests._stand_for(persona jsonb)
  returns void
  language plpgsql
as $$
begin
  perform tests.back_to_owner();
  perform tests._check_role(persona ->> 'role');
  persona := persona || jsonb_build_object(
    'settings', (select jsonb_agg(jsonb_build_array(s.name, s.value) order by s.n) from tests._settings(persona) as s)
  );
  perform tests._keep_settings(persona);
  perform tests._apply(persona, coalesce(persona ->> 'method', 'GET'));
  perform tests._find_tap();
  perform pg_catalog.set_config('tests.persona', persona::text, true);
end
$$;

-- The same for somebody of the cast, for assertions only. After somebody else of the same role it is the claims that
-- differ, and nothing else is looked up again.
create function tests._stand_for_next(name text)
  returns void
  language plpgsql
as $$
declare
  claims constant jsonb := tests.claims(name);
  before constant jsonb := nullif(current_setting('tests.persona', true), '')::jsonb;
begin
  if before ->> 'role' is distinct from claims ->> 'role' then
    perform tests._stand_for(jsonb_build_object('who', name, 'role', claims ->> 'role', 'claims', claims));
    return;
  end if;
  perform pg_catalog.set_config('request.jwt.claims', claims::text, true);
  perform pg_catalog.set_config(
    'tests.persona',
    (before || jsonb_build_object(
      'who', name,
      'claims', claims,
      'settings', (
        select jsonb_agg(case s.value ->> 0 when 'request.jwt.claims' then jsonb_build_array(s.value ->> 0, claims::text) else s.value end order by s.n)
        from jsonb_array_elements(before -> 'settings') with ordinality as s (value, n)
      )
    ))::text,
    true
  );
end
$$;

-- What back_to_owner() puts back: the settings that the session had of its own.
create function tests._keep_settings(persona jsonb)
  returns void
  language plpgsql
as $$
begin
  perform pg_catalog.set_config('tests.before', jsonb_object_agg(s.name, current_setting(s.name, true))::text, true)
  from jsonb_array_elements(persona -> 'settings') as setting
  cross join lateral (select setting ->> 0) as s (name)
  where s.name <> 'role'
    and s.name not like 'request.%';
end
$$;

create function tests._pre_request()
  returns void
  language plpgsql
as $$
declare
  function_name constant text := (
    select string_agg(quote_ident(part), '.' order by n)
    from tests.api as a
    cross join lateral unnest(string_to_array(a.pre_request, '.')) with ordinality as u (part, n)
  );
begin
  if function_name is not null then
    execute format('select %s()', function_name);
  end if;
end
$$;

-- Makes the settings of a persona those of the transaction, in their order.
create function tests._apply(persona jsonb, method text)
  returns void
  language plpgsql
as $$
declare
  setting jsonb;
begin
  for setting in select s.value from jsonb_array_elements(persona -> 'settings') as s loop
    perform pg_catalog.set_config(
      setting ->> 0,
      case setting ->> 0 when 'request.method' then method else setting ->> 1 end,
      true
    );
  end loop;
end
$$;

-- In PL/pgSQL, which plans it once for a session.
create function tests._settings(persona jsonb)
  returns table (n bigint, name text, value text)
  language plpgsql
as $$
begin
  return query
  select
    row_number() over (order by s.step, s.name),
    s.name,
    s.value
  from (
    select
      0 as step,
      'search_path' as name,
      (
        select string_agg('"' || replace(p.schema, '"', '""') || '"', ', ' order by p.n)
        from unnest(tests._schema(persona) || a.extra_search_path) with ordinality as p (schema, n)
      ) as value
    from tests.api as a
    union all
    select
      1,
      r.name,
      r.value
    from tests._role_settings(persona ->> 'role') as r
    union all
    select
      2 + fixed.n,
      fixed.name,
      fixed.value
    from (
      values
        (0, 'role', persona ->> 'role'),
        (1, 'request.jwt.claims', ((persona -> 'claims') || jsonb_build_object('role', persona ->> 'role'))::text),
        (2, 'request.method', coalesce(persona ->> 'method', 'GET')),
        (3, 'request.path', coalesce(persona ->> 'path', '/')),
        (4, 'request.headers', coalesce(persona ->> 'headers', '{}')),
        (5, 'request.cookies', coalesce(persona ->> 'cookies', '{}'))
    ) as fixed (n, name, value)
    union all
    select
      10,
      split_part(setting, '=', 1),
      substr(setting, strpos(setting, '=') + 1)
    from tests._routine(persona) as r
    cross join unnest(r.settings) as setting
    where split_part(setting, '=', 1) in ('statement_timeout', 'plan_filter.statement_cost_limit', 'default_transaction_isolation')
  ) as s;
end
$$;

-- Puts pgTAP at the end of the path, where it is not there anyway.
create function tests._find_tap()
  returns void
  language plpgsql
as $$
declare
  tap constant text := (select quote_ident(a.tap_schema) from tests.api as a);
begin
  if pg_catalog.array_position(pg_catalog.current_schemas(false), trim('"' from tap)::name) is null then
    perform pg_catalog.set_config('search_path', current_setting('search_path') || ', ' || tap, true);
  end if;
end
$$;

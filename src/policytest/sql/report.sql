-- What an assertion tells: one line of TAP, and where it fails, who should have got what and what they got. A # in its title, most
-- often of the statement, must not begin a directive: "#todo" would let it fail.

create function tests._report(passed boolean, why text, lines text[])
  returns text
  language plpgsql
as $$
begin
  return concat_ws(E'\n', ok(passed, regexp_replace(why, '(\\*)#', '\1\1\#', 'g')), case when not passed then diag(array_to_string(lines, E'\n')) end);
end
$$;

create function tests._who()
  returns text
  language sql
  stable
as $$
  select tests._persona() ->> 'who'
$$;

create function tests._rows(n bigint)
  returns text
  language sql
  immutable
as $$
  select case n when 0 then 'no row' when 1 then '1 row' else n || ' rows' end
$$;

create function tests._got(wanted text, result tests.outcome)
  returns text[]
  language sql
  stable
as $$
  select array_remove(
    array[
      format('%s (role %s) should %s', tests._who(), tests._persona() ->> 'role', wanted),
      'it was ' || case result.kind
        when 'rows' then 'allowed: ' || tests._rows(result.row_count)
        when 'denied' then 'denied, a missing privilege: '
        when 'refused' then 'refused by `with check`: '
        when 'error' then case when result.by_pre_request then 'an error of the pre-request function: ' else 'an error: ' end
      end || case when result.kind = 'rows' then '' else format('%s (SQLSTATE %s, HTTP %s)', result.message, result.sql_state, result.status) end,
      'detail: ' || nullif(result.detail, ''),
      'hint: ' || nullif(result.hint, '')
    ],
    null
  )
$$;

-- The same statement as whoever runs the tests, whom no policy binds: what is there to be seen or changed at all.
create function tests._as_owner(statement text)
  returns tests.outcome
  language plpgsql
as $$
declare
  result tests.outcome;
begin
  perform pg_catalog.set_config('role', 'none', true);
  execute statement;
  get diagnostics result.row_count = row_count;
  raise exception using errcode = 'TMUND';
exception
  when sqlstate 'TMUND' then
    result.kind := 'rows';
    return result;
  when assert_failure or others then
    result.kind := 'error';
    result.row_count := null;
    result.message := sqlerrm;
    return result;
end
$$;

create function tests._as_owner_line(statement text)
  returns text[]
  language sql
as $$
  select array['as the owner of the tables: ' || coalesce(tests._rows(o.row_count), o.message)]
  from tests._as_owner(statement) as o
$$;

create function tests._no_control(verb text, control tests.outcome)
  returns text[]
  language sql
  immutable
as $$
  select array[
    'this proves nothing, since ' || case
      when control.row_count = 0 then format('it %s no row for the owner of the tables either', verb)
      else 'it fails for the owner of the tables: ' || control.message
    end
  ]
$$;

-- Why a statement is none, also for the owner; NULL for one that the owner could run.
create function tests._invalid_for_owner(statement text)
  returns text
  language plpgsql
as $$
begin
  perform pg_catalog.set_config('role', 'none', true);
  execute 'explain ' || statement;
  raise exception using errcode = 'TMUND';
exception
  when sqlstate 'TMUND' then
    return null;
  when others then
    return sqlerrm;
end
$$;

create function tests._no_statement(complaint text)
  returns text
  language sql
  immutable
return 'this proves nothing, since it is no statement for the owner either: ' || complaint;

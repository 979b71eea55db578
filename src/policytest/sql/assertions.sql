-- The ways an attempt can end, as assertions of pgTAP. Each runs its statement as one request of whoever was become,
-- and undoes it.

create function tests.can_see(query text, n bigint, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(query, 'GET');
begin
  return tests._report(
    coalesce(result.row_count = n, false),
    coalesce(why, format('%s sees %s: %s', tests._who(), tests._rows(n), query)),
    case
      when result.row_count is distinct from n then tests._got(format('see %s', tests._rows(n)), result) || tests._as_owner_line(query)
    end
  );
end
$$;
comment on function tests.can_see(text, bigint, text) is 'Passes if the query shows exactly so many rows.';

create function tests.can_see(query text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(query, 'GET');
begin
  return tests._report(
    coalesce(result.row_count > 0, false),
    coalesce(why, format('%s sees rows: %s', tests._who(), query)),
    case
      when coalesce(result.row_count, 0) = 0 then tests._got('see a row or more', result) || tests._as_owner_line(query)
    end
  );
end
$$;
comment on function tests.can_see(text, text) is 'Passes if the query shows a row or more.';

create function tests.sees_nothing(query text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(query, 'GET');
  control constant tests.outcome := tests._as_owner(query);
begin
  return tests._report(
    coalesce(result.row_count = 0 and control.row_count > 0, false),
    coalesce(why, format('%s sees nothing: %s', tests._who(), query)),
    case when result.row_count = 0 then tests._no_control('shows', control) else tests._got('see no row', result) end
  );
end
$$;
comment on function tests.sees_nothing(text, text) is 'Passes if the query shows no row, and shows some to the owner.';

create function tests.lets(statement text, n bigint, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
begin
  return tests._report(
    coalesce(result.row_count = n, false),
    coalesce(why, format('%s is let, with %s: %s', tests._who(), tests._rows(n), statement)),
    case
      when result.row_count is distinct from n then tests._got(format('be let, with %s', tests._rows(n)), result) || tests._as_owner_line(statement)
    end
  );
end
$$;
comment on function tests.lets(text, bigint, text) is 'Passes if the statement changes (or, a query, shows) exactly so many rows.';

create function tests.lets(statement text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
begin
  return tests._report(
    coalesce(result.row_count > 0, false),
    coalesce(why, format('%s is let: %s', tests._who(), statement)),
    case
      when coalesce(result.row_count, 0) = 0 then tests._got('be let, with a row or more', result) || tests._as_owner_line(statement)
    end
  );
end
$$;
comment on function tests.lets(text, text) is 'Passes if the statement changes (or, a query, shows) a row or more.';

create function tests.filters(statement text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
  control constant tests.outcome := tests._as_owner(statement);
begin
  return tests._report(
    coalesce(result.row_count = 0 and control.row_count > 0, false),
    coalesce(why, format('%s changes nothing: %s', tests._who(), statement)),
    case when result.row_count = 0 then tests._no_control('changes', control) else tests._got('change no row', result) end
  );
end
$$;
comment on function tests.filters(text, text) is 'Passes if the statement succeeds and changes no row, and would change some for the owner.';

create function tests.denies(statement text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
  invalid constant text := case when result.kind = 'denied' then tests._invalid_for_owner(statement) end;
begin
  return tests._report(
    result.kind = 'denied' and invalid is null,
    coalesce(why, format('%s has no privilege: %s', tests._who(), statement)),
    case
      when invalid is null then tests._got('lack a privilege', result)
      else array[tests._no_statement(invalid)]
    end
  );
end
$$;
comment on function tests.denies(text, text) is 'Passes if a privilege is missing, and the owner could run the statement.';

create function tests.refuses(statement text, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
begin
  return tests._report(
    result.kind = 'refused',
    coalesce(why, format('%s is refused by `with check`: %s', tests._who(), statement)),
    tests._got('be refused by `with check`', result)
  );
end
$$;
comment on function tests.refuses(text, text) is 'Passes if a row would violate the `with check` of the policies.';

create function tests.raises(statement text, http_status integer, why text default null)
  returns text
  language plpgsql
as $$
declare
  result constant tests.outcome := tests._attempt(statement);
  -- A misspelt name is 404 too, and a misspelt word 400.
  invalid constant text := case
    when result.sql_state in ('42601', '42703', '42883', '42P01', '42P02', '3F000') then tests._invalid_for_owner(statement)
  end;
begin
  return tests._report(
    coalesce(result.status = http_status, false) and invalid is null,
    coalesce(why, format('%s is answered %s: %s', tests._who(), http_status, statement)),
    case
      when invalid is null then tests._got(format('be answered HTTP %s', http_status), result)
      else array[tests._no_statement(invalid)]
    end
  );
end
$$;
comment on function tests.raises(text, integer, text) is 'Passes if the request fails, and PostgREST would answer with that HTTP status.';

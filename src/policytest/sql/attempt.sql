-- One request: the statement runs as whoever was become, in a subtransaction of its own that is always undone, so that
-- an assertion leaves nothing behind, neither rows nor an aborted transaction.

create type tests.outcome as (
  -- rows, denied (no privilege), refused (with check), error
  kind text,
  row_count bigint,
  status integer,
  sql_state text,
  message text,
  detail text,
  hint text,
  -- whether the pre-request function ended it, before the statement
  by_pre_request boolean
);

create function tests._attempt(statement text, method text default null)
  returns tests.outcome
  language plpgsql
as $$
declare
  persona constant jsonb := tests._persona();
  -- What tests.request() said, else what fits.
  used_method constant text := coalesce(persona ->> 'method', method, tests._method(statement));
  result tests.outcome;
  plan jsonb;
  context text;
begin
  if coalesce(btrim(statement), '') = '' then
    raise exception 'there is no statement to try'
      using hint = 'a text that is put together with || is null when one part is';
  end if;
  result.by_pre_request := true;
  begin
    perform pg_catalog.set_config('role', 'none', true);
    if used_method in ('GET', 'HEAD') or exists (select from tests._routine(persona) as r where not r.is_volatile) then
      perform pg_catalog.set_config('transaction_read_only', 'on', true);
    end if;
    perform tests._apply(persona, used_method);
    perform tests._pre_request();
    result.by_pre_request := false;
    plan := tests._plan(statement);
    execute statement;
    get diagnostics result.row_count = row_count;
    set constraints all immediate;
    raise exception using errcode = 'TMUND';
  exception
    when sqlstate 'TMUND' then
      result.kind := 'rows';
    when assert_failure or others then
      get stacked diagnostics
        result.sql_state = returned_sqlstate,
        result.message = message_text,
        result.detail = pg_exception_detail,
        result.hint = pg_exception_hint,
        context = pg_exception_context;
      result.row_count := null;
      result.kind := tests._kind(result, plan, context);
      result.status := tests.http_status(
        result.sql_state,
        result.message,
        result.detail,
        persona ->> 'role' = (select a.anonymous_role from tests.api as a)
      );
  end;
  perform tests._touch(persona ->> 'role', plan);
  return result;
end
$$;

-- The method that PostgREST would have got: of a call of a function, and of anything that is no plain statement, POST.
create function tests._method(statement text)
  returns text
  language sql
  immutable
as $$
  select
    case lower(substring(statement from '^(?:\s|--[^\n]*\n)*(\w+)'))
      when 'update' then 'PATCH'
      when 'delete' then 'DELETE'
      else 'POST'
    end
$$;

-- PostgreSQL checks privileges when it begins a statement, and explaining one begins it and goes no further. NULL for
-- what cannot be explained, or not by whoever was become.
create function tests._plan(statement text)
  returns jsonb
  language plpgsql
as $$
declare
  plan json;
begin
  execute 'explain (verbose, costs off, format json) ' || statement into plan;
  return plan::jsonb;
exception
  when others then
    return null;
end
$$;

-- Three things share SQLSTATE 42501: a missing privilege, `with check`, and what a function raises itself. What could
-- be explained lacks no privilege of its own, whatever the language of the message; the words decide about a statement
-- inside a function, and about what cannot be explained at all.
create function tests._kind(failure tests.outcome, plan jsonb, context text)
  returns text
  language plpgsql
  immutable
as $$
begin
  if failure.sql_state <> '42501' or failure.by_pre_request or split_part(context, E'\n', 1) ~ '\mRAISE\M' then
    return 'error';
  elsif failure.message like 'new row violates row-level security policy%' then
    return 'refused';
  elsif plan is null or failure.message ~ '^(permission denied|must be owner)' then
    return 'denied';
  else
    return 'refused';
  end if;
end
$$;

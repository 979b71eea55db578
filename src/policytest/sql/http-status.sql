-- The same map as src/core/http-status.ts; a test compares the two for every SQLSTATE that PostgreSQL knows.
create function tests.http_status(sql_state text, message text, detail text, anonymous boolean)
  returns integer
  language plpgsql
  immutable
as $$
begin
  case
    when sql_state = '21000' then
      return case when message like '%requires a WHERE clause' then 400 else 500 end;
    when sql_state = '22023' then
      return case when message like 'role%does not exist' then 401 else 400 end;
    when sql_state = '42501' then
      return case when anonymous then 401 else 403 end;
    when sql_state = '42883' then
      return case when message like 'function xmlagg(%' then 406 else 404 end;
    when sql_state = 'PGRST' then
      return tests._status_of_detail(detail);
    when sql_state like 'PT%' then
      return case when sql_state ~ '^PT[0-9]{3}$' then substr(sql_state, 3)::integer else 500 end;
    when sql_state in ('23503', '23505') then
      return 409;
    when sql_state = '25006' then
      return 405;
    when sql_state = '42P01' then
      return 404;
    when sql_state in ('42P17', '53400') then
      return 500;
    when sql_state = '57P01' then
      return 503;
    when sql_state = 'P0001' then
      return 400;
    when left(sql_state, 2) in ('08', '53') then
      return 503;
    when left(sql_state, 2) in ('0L', '0P', '28') then
      return 403;
    when left(sql_state, 2) in (
      '09', '25', '2D', '38', '39', '3B', '40', '54', '55', '57', '58', 'F0', 'HV', 'P0', 'XX'
    ) then
      return 500;
    else
      return 400;
  end case;
end
$$;
comment on function tests.http_status(text, text, text, boolean) is 'What PostgREST answers when PostgreSQL refuses a request.';

create function tests._status_of_detail(detail text)
  returns integer
  language plpgsql
  immutable
as $$
begin
  return case when jsonb_typeof(detail::jsonb -> 'status') = 'number' then (detail::jsonb ->> 'status')::integer else 500 end;
exception
  when others then
    return 500;
end
$$;

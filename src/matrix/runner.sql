-- Makes the requests of one persona and tells how each attempt ended. Called as the owner, in a transaction. Everything
-- is undone: a request and each of its attempts is a subtransaction. What is done as the owner and what as the persona
-- changes within it, so it is one function, and refers to nothing by a search_path, which is PostgREST's.
create function pg_temp.tm_db_try(persona integer, requests jsonb)
  returns jsonb
  language plpgsql
as $$
declare
  answers jsonb := '[]';
  request jsonb;
  setting jsonb;
  cell jsonb;
  -- The pre-request function's SQLSTATE, if it refused the request.
  door text;
  caller text;
  -- Of the attempts at a cell: the statement as a whole first, then row by row where that says too little.
  keys text[];
  rows jsonb[];
  place integer;
  statement text;
  answer jsonb;
  kind text;
  found jsonb;
  hit jsonb;
  n bigint;
  remaining text[];
  state text;
  message text;
  context text;
  restriction text;
  restricted text;
begin
  for request in select r.value from pg_catalog.jsonb_array_elements(requests) as r loop
    door := null;
    begin
      if (request ->> 'readOnly')::boolean then
        perform pg_catalog.set_config('transaction_read_only', 'on', true);
      end if;
      for setting in select s.value from pg_catalog.jsonb_array_elements(request -> 'settings') as s loop
        perform pg_catalog.set_config(setting ->> 0, setting ->> 1, true);
      end loop;
      if request ->> 'preRequest' is not null then
        begin
          execute 'select ' || (request ->> 'preRequest') || '()';
        exception
          when assert_failure or others then
            door := sqlstate;
        end;
      end if;
      caller := pg_catalog.current_setting('role');
      for cell in select c.value from pg_catalog.jsonb_array_elements(request -> 'cells') as c loop
        if door is not null then
          answers := answers || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('kind', 'error', 'state', door, 'door', true));
          continue;
        end if;
        keys := '{}';
        rows := '{}';
        place := 0;
        while place <= pg_catalog.cardinality(keys) loop
          statement := case place when 0 then cell ->> 'sql' else cell ->> 'each' end;
          hit := null;
          n := null;
          begin
            if cell ->> 'reads' is not null then
              execute statement into found;
            elsif place = 0 then
              execute statement;
              get diagnostics n = row_count;
            else
              execute statement using keys[place]::jsonb;
              get diagnostics n = row_count;
            end if;
            if cell ->> 'reads' is null then
              set constraints all immediate;
            end if;
            perform pg_catalog.set_config('role', 'none', true);
            if cell ->> 'reads' = 'keys' then
              select pg_catalog.jsonb_object_agg(h.class, h.rows)
              into hit
              from (
                select r.class, pg_catalog.count(*) as rows
                from pg_catalog.jsonb_array_elements(found) as k
                join pg_temp.tm_db_rows as r
                  on r.relation = (cell ->> 'rows')::pg_catalog.oid
                  and r.persona = tm_db_try.persona
                  and r.key = k.value::text
                group by r.class
              ) as h;
              n := pg_catalog.jsonb_array_length(found);
            elsif cell ->> 'reads' = 'classes' then
              hit := found;
            elsif place = 0 and n > 0 and cell ->> 'place' is not null then
              if (cell ->> 'forced')::boolean then
                execute 'alter table ' || (cell ->> 'place') || ' no force row level security';
              end if;
              -- An old version that is not there any more was changed or deleted.
              execute 'select pg_catalog.array_agg(t.tableoid::text || t.ctid::text) from ' || (cell ->> 'place') || ' as t' into remaining;
              select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(r.n, r.class) order by r.n)
              into hit
              from pg_temp.tm_db_rows as r
              where r.relation = (cell ->> 'rows')::pg_catalog.oid
                and r.persona = tm_db_try.persona
                and not exists (
                  select
                  from pg_catalog.unnest(remaining) as still (place)
                  where still.place = r.place
                );
            end if;
            raise exception using errcode = 'TMUND';
          exception
            when sqlstate 'TMUND' then
              kind := 'rows';
              state := null;
            when assert_failure or others then
              get stacked diagnostics
                state = returned_sqlstate,
                message = message_text,
                context = pg_exception_context,
                restriction = constraint_name,
                restricted = column_name;
              n := null;
              hit := null;
              kind := case
                when state = '42501' and split_part(context, E'\n', 1) !~ '\mRAISE\M' then
                  case
                    when message like 'new row violates row-level security policy%' then 'refused'
                    when message ~ '^(permission denied|must be owner)' then 'denied'
                    else 'unclear'
                  end
                -- Constraints are checked after privileges and policies. Of a statement within this one they say nothing.
                when state like '23%' and restriction || restricted <> '' and strpos(context, statement) between 1 and 40 then 'constraint'
                else 'error'
              end;
              -- In another language than English: explaining checks privileges, and goes no further.
              if kind = 'unclear' then
                begin
                  if place = 0 then
                    execute 'explain ' || statement;
                  else
                    execute 'explain ' || statement using keys[place]::jsonb;
                  end if;
                  kind := 'refused';
                exception
                  when others then
                    kind := 'denied';
                end;
              end if;
          end;
          if place = 0 then
            answer := pg_catalog.jsonb_build_object('kind', kind, 'state', state, 'n', n, 'hit', hit);
            if kind in ('refused', 'constraint', 'error') and cell ->> 'each' is not null then
              perform pg_catalog.set_config('role', 'none', true);
              select pg_catalog.array_agg(r.key order by r.n), pg_catalog.array_agg(pg_catalog.jsonb_build_array(r.n, r.class) order by r.n)
              into keys, rows
              from pg_temp.tm_db_rows as r
              where r.relation = (cell ->> 'rows')::pg_catalog.oid
                and r.persona = tm_db_try.persona
                and r.key is not null;
              perform pg_catalog.set_config('role', caller, true);
              if keys is null or pg_catalog.cardinality(keys) > 200 then
                keys := '{}';
              else
                answer := answer || '{"each": []}';
              end if;
            end if;
          else
            answer := pg_catalog.jsonb_insert(
              answer,
              '{each,-1}',
              rows[place] || pg_catalog.jsonb_build_array(kind, state, n),
              true
            );
          end if;
          place := place + 1;
        end loop;
        answers := answers || pg_catalog.jsonb_build_array(answer);
      end loop;
      raise exception using errcode = 'TMUND';
    exception
      when sqlstate 'TMUND' then
        null;
    end;
  end loop;
  return answers;
end
$$;

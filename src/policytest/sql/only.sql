-- A cell of a table of rights in one statement: these people may, and everybody else of the cast may not.
create function tests.only(
  people text[],
  statement text,
  otherwise text,
  why text,
  except_for text[] default '{}'
)
  returns setof text
  language plpgsql
as $$
declare
  person text;
  unknown constant text := (
    select n.name
    from unnest(people || except_for) as n (name)
    where n.name <> all (tests.everybody())
    limit 1
  );
begin
  if unknown is not null then
    perform tests.claims(unknown);
  end if;
  if otherwise = 'sees_no_row' and cardinality(people) = 0 then
    raise exception 'that nobody sees a row proves nothing'
      using hint = 'name somebody who sees it, or say sees_nothing, which asks the owner';
  end if;
  -- Whoever was become may have said more of the request than the cast's claims do.
  perform tests.back_to_owner();
  foreach person in array tests.everybody() loop
    continue when person = any (except_for);
    perform tests._stand_for_next(person);
    return next tests._assert(
      case when person <> all (people) then otherwise when otherwise in ('sees_nothing', 'sees_no_row') then 'can_see' else 'lets' end,
      statement,
      format(case when person = any (people) then '%s may %s' else '%s may not %s' end, person, why)
    );
  end loop;
  perform tests.back_to_owner();
end
$$;
comment on function tests.only(text[], text, text, text, text[]) is 'One test for each user that was made or defined: those named may, and for all others the statement ends as `otherwise` says: sees_nothing, filters, denies, refuses, or an HTTP status; or sees_no_row, for what itself asks who the caller is and shows the owner nothing.';

create function tests._assert(assertion text, statement text, why text)
  returns text
  language plpgsql
as $$
begin
  case
    when assertion = 'can_see' then
      return tests.can_see(statement, why);
    when assertion = 'lets' then
      return tests.lets(statement, why);
    when assertion = 'sees_nothing' then
      return tests.sees_nothing(statement, why);
    when assertion = 'sees_no_row' then
      return tests.can_see(statement, 0, why);
    when assertion = 'filters' then
      return tests.filters(statement, why);
    when assertion = 'denies' then
      return tests.denies(statement, why);
    when assertion = 'refuses' then
      return tests.refuses(statement, why);
    when assertion ~ '^[0-9]{3}$' then
      return tests.raises(statement, assertion::integer, why);
    else
      raise exception 'an attempt does not end as %', coalesce(assertion, 'null')
        using hint = 'sees_nothing, sees_no_row, filters, denies, refuses, or an HTTP status such as 404';
  end case;
end
$$;

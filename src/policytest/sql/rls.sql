-- The state of row-level security, by the catalog.

-- A table by its name, whoever asks: NULL where there is none.
create function tests._table(name text)
  returns pg_catalog.pg_class
  language sql
  stable
as $$
  select c.*
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  cross join parse_ident(name) as part
  where c.relkind in ('r', 'p')
    and case cardinality(part)
      when 2 then (n.nspname, c.relname) = (part[1], part[2])
      when 1 then c.relname = part[1] and pg_catalog.pg_table_is_visible(c.oid)
    end
$$;

create function tests.has_rls(table_name text, why text default null)
  returns text
  language plpgsql
as $$
declare
  subject constant pg_catalog.pg_class := tests._table(table_name);
begin
  return tests._report(
    coalesce(subject.relrowsecurity, false),
    coalesce(why, format('%s has row-level security', table_name)),
    array[
      case
        when subject.oid is null then format('there is no table %s', table_name)
        else format('it is off: alter table %s enable row level security', table_name)
      end
    ]
  );
end
$$;
comment on function tests.has_rls(text, text) is 'Passes if row-level security is on for a table.';

create function tests.policies_complete(table_name text, why text default null)
  returns text
  language plpgsql
as $$
declare
  subject constant pg_catalog.pg_class := tests._table(table_name);
  problems text[];
begin
  if subject.oid is null then
    problems := array[format('there is no table %s', table_name)];
  else
    problems := tests._gaps(subject);
  end if;
  return tests._report(
    cardinality(problems) = 0,
    coalesce(why, format('%s has a policy for all that is granted, and no other', table_name)),
    problems
  );
end
$$;
comment on function tests.policies_complete(text, text) is 'Passes if row-level security is on, and each role of the API has a permissive policy for just the commands that it has a privilege for.';

-- Roles of the API: those that the authenticator may become.
create function tests._gaps(subject pg_catalog.pg_class)
  returns text[]
  language sql
  stable
as $$
  with roles as (
    select r.oid, r.rolname
    from tests.api as a
    join pg_catalog.pg_roles as r on r.rolname <> a.authenticator_role
      and pg_catalog.pg_has_role(a.authenticator_role, r.oid, 'member')
  ), granted as (
    select
      r.rolname,
      c.command,
      c.letter,
      pg_catalog.has_table_privilege(r.oid, subject.oid, c.command)
      or (c.command <> 'delete' and pg_catalog.has_any_column_privilege(r.oid, subject.oid, c.command)) as may,
      exists (
        select
        from pg_catalog.pg_policy as p
        where p.polrelid = subject.oid
          and p.polpermissive
          and p.polcmd in (c.letter, '*')
          and exists (
            select
            from unnest(p.polroles) as named
            where named = 0 or pg_catalog.pg_has_role(r.oid, named, 'usage')
          )
      ) as has_policy
    from roles as r
    cross join (
      values ('select', 'r'::"char"), ('insert', 'a'), ('update', 'w'), ('delete', 'd')
    ) as c (command, letter)
  )
  select coalesce(array_agg(problem order by problem), '{}')
  from (
    select 'row-level security is off'
    where not subject.relrowsecurity
    union all
    select format('%s may %s, and no policy says which rows', g.rolname, g.command)
    from granted as g
    where g.may and not g.has_policy
    union all
    select format('a policy lets %s %s, who has no privilege to', g.rolname, g.command)
    from granted as g
    where g.has_policy and not g.may
    union all
    select format('%s may truncate it, which no policy stops', r.rolname)
    from roles as r
    where pg_catalog.has_table_privilege(r.oid, subject.oid, 'truncate')
  ) as found (problem)
$$;

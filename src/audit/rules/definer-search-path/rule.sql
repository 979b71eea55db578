with pins as (
  select
    f.oid,
    array(
      select m.entry [1]
      from regexp_matches(substr(s.setting, length('search_path=') + 1), '"(?:[^"]|"")*"|[^", ]+', 'g') with ordinality
        as m (entry, position)
      order by m.position
    ) as entries
  from functions as f
  cross join lateral unnest(f.settings) as s (setting)
  where f.definer
    and s.setting like 'search_path=%'
),
pinned as (
  select
    p.oid,
    p.entries,
    array(
      select lower(trim(both '"' from e.entry))
      from unnest(p.entries) with ordinality as e (entry, position)
      order by e.position
    ) as names
  from pins as p
)
select
  f.object,
  f.subject,
  format(
    'runs with the rights of its owner, and %s',
    case
      when p.oid is null then 'finds what it names in the search path of its caller'
      when '$user' = any (p.names) then 'finds what it names in a schema that is called like its owner, should there be one'
      else 'finds temporary tables of its caller before what it names'
    end
  ) as message,
  format('alter %s %s set search_path = %s;', f.kind_word, f.ident, coalesce(rest.entries || ', pg_temp', '''''')) as fix
from functions as f
left join pinned as p on p.oid = f.oid
cross join lateral (
  select string_agg(e.entry, ', ' order by e.position) as entries
  from unnest(p.entries) with ordinality as e (entry, position)
  where p.names [e.position] not in ('', '$user', 'pg_temp')
) as rest
where f.definer
  and (
    p.oid is null
    or '$user' = any (p.names)
    -- Where it is not listed, it is searched first. Where no schema is listed either, there is no table for it to hide.
    or 'pg_temp' = any (p.names [:cardinality(p.names) - 1])
    or ('pg_temp' <> all (p.names) and not p.names <@ array['', 'pg_catalog'])
  )

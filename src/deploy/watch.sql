select
  coalesce(
    (
      select json_agg(json_build_object('table', l.relation::bigint, 'mode', l.mode))
      from pg_catalog.pg_locks as l
      where l.pid = pg_backend_pid()
        and l.granted
        and l.locktype = 'relation'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
        and l.relation = any ($1::oid[])
    ),
    '[]'
  ) as locks,
  coalesce(
    (
      select
        json_agg(
          json_build_object(
            'table',
            c.oid::bigint,
            'node',
            pg_catalog.pg_relation_filenode(c.oid)::bigint,
            'scans',
            coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0)
          )
        )
      from pg_catalog.pg_class as c
      where c.oid = any ($1::oid[])
    ),
    '[]'
  ) as tables,
  coalesce(
    (
      select
        json_agg(
          json_build_object(
            'table',
            i.indrelid::bigint,
            'name',
            format('%I.%I', n.nspname, c.relname),
            'node',
            pg_catalog.pg_relation_filenode(c.oid)::bigint
          )
        )
      from pg_catalog.pg_index as i
      join pg_catalog.pg_class as c on c.oid = i.indexrelid
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where i.indrelid = any ($1::oid[])
        and c.relkind = 'i'
    ),
    '[]'
  ) as indexes

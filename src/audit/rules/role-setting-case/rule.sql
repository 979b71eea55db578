select
  e.object,
  e.subject,
  string_agg(
    format('has the setting %s = %s, which PostgREST from before June 2026 passes on as %s', kv.name, kv.value, lower(kv.value)),
    '; ' order by kv.name
  ) as message,
  string_agg(
    format(
      'alter role %I set %s = %s;',
      e.name,
      kv.name,
      -- The unit is `kB`, or `8kB`.
      pg_size_bytes(kv.value) / pg_size_bytes(case when known.unit ~ '^\d' then known.unit else '1' || known.unit end)
    ),
    E'\n' order by kv.name
  ) as fix
from every_api_role as e
join pg_catalog.pg_roles as r on r.oid = e.oid
cross join unnest(r.rolconfig) as setting
cross join lateral (
  select
    split_part(setting, '=', 1),
    substr(setting, strpos(setting, '=') + 1)
) as kv (name, value)
join pg_catalog.pg_settings as known on known.name = kv.name
where known.unit ~ 'B$'
  and kv.value <> lower(kv.value)
group by e.object, e.subject

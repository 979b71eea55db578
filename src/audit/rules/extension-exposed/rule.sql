select
  format('extension %I', e.extname) as object,
  jsonb_build_object('kind', 'extension', 'name', e.extname) as subject,
  format('lies in %s, so its functions are part of the API', s.object) as message,
  case
    when e.extrelocatable then format(
      E'create schema if not exists extensions;\nalter extension %I set schema extensions;',
      e.extname
    )
  end as fix
from pg_catalog.pg_extension as e
join schemas as s on s.oid = e.extnamespace
where s.exposed

select
  f.object,
  f.subject,
  'may be called by everybody: EXECUTE was never taken from PUBLIC' as message,
  format('revoke execute on %s %s from public;', f.kind_word, f.ident) as fix
from functions as f
where f.exposed
  and f.public_execute
  and not f.is_trigger
  and exists (
    select
    from api_roles as a
    where has_schema_privilege(a.oid, f.schema_oid, 'usage')
  )
  and not (
    f.definer
    and exists (
      select
      from api_roles as a
      where a.anonymous
        and has_schema_privilege(a.oid, f.schema_oid, 'usage')
    )
  )

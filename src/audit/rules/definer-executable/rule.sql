select
  f.object,
  f.subject,
  format(
    'runs with the rights of its owner, and everybody may call it, %s without a token: EXECUTE was never taken from PUBLIC',
    string_agg(a.ident, ', ')
  ) as message,
  format('revoke execute on %s %s from public;', f.kind_word, f.ident) as fix
from functions as f
join api_roles as a on a.anonymous
  and has_schema_privilege(a.oid, f.schema_oid, 'usage')
where f.exposed
  and f.definer
  and f.public_execute
  and not f.is_trigger
group by f.object, f.subject, f.kind_word, f.ident

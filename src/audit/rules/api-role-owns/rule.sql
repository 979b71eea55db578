select
  r.object,
  r.subject,
  format('belongs to %s, so %s may act as its owner: its policies do not hold for it', o.ident, string_agg(a.ident, ', ')) as message,
  format('alter %s %s owner to %I;', r.kind_word, r.ident, current_user) as fix
from relations as r
join (
  select
    oid,
    quote_ident(rolname) as ident
  from pg_catalog.pg_roles
) as o on o.oid = r.owner
join (
  select
    oid,
    ident
  from api_roles
  union
  select
    oid,
    quote_ident(name)
  from authenticators
) as a on pg_has_role(a.oid, r.owner, 'usage')
where r.kind in ('r', 'p', 'm', 'f')
  and not exists (
    select
    from pg_catalog.pg_roles as s
    where s.oid = a.oid
      and s.rolsuper
  )
group by r.object, r.subject, r.kind_word, r.ident, o.ident

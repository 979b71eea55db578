select
  format('role %I', a.name) as object,
  jsonb_build_object('kind', 'role', 'name', a.name) as subject,
  format('inherits the rights of %s', string_agg(quote_ident(r.rolname), ', ' order by r.rolname)) as message,
  case
    when current_setting('server_version_num')::integer < 160000 then format('alter role %I noinherit;', a.name)
    else format(
      E'alter role %I noinherit;\n%s',
      a.name,
      string_agg(format('grant %I to %I with inherit false;', r.rolname, a.name), E'\n' order by r.rolname)
    )
  end as fix
from authenticators as a
join memberships as m on m.member = a.oid
join pg_catalog.pg_roles as r on r.oid = m.role
where m.inherits
group by a.name

select
  r.object,
  r.subject,
  format(
    'has row level security and no policy for what is granted: %s',
    string_agg(format('%s may %s', g.role_ident, g.privileges), '; ' order by g.role_ident)
  ) as message,
  null as fix
from relations as r
join (
  select
    g.relation,
    g.role_ident,
    string_agg(g.privilege, ', ' order by g.position) as privileges
  from grants as g
  where g.command is not null
    and not exists (
      select
      from policies as p
      join policy_roles as pr on pr.policy = p.oid
      where p.relation = g.relation
        and pr.role = g.role
        and p.permissive
        and p.command in (g.command, '*')
    )
  group by g.relation, g.role_ident
) as g on g.relation = r.oid
where r.rls
group by r.object, r.subject

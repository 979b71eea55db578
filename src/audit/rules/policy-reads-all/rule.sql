select
  p.object,
  p.subject,
  format('shows every row to %s', string_agg(pr.role_ident, ', ' order by pr.role_ident)) as message,
  null as fix
from policies as p
join policy_roles as pr on pr.policy = p.oid
where p.permissive
  and p.command = 'r'
  and exists (
    select
    from always_true as t
    where t.policy = p.oid
  )
group by p.object, p.subject

select
  p.object,
  p.subject,
  format(
    'lets %s %s',
    string_agg(pr.role_ident, ', ' order by pr.role_ident),
    case p.command
      when 'a' then 'insert any row'
      when 'd' then 'delete every row'
      when '*' then 'do everything with every row, or with what they make of one'
      when 'w' then case when t.parts ~ 'using' then 'change every row' else 'turn a row into any other' end
    end
  ) as message,
  null as fix
from policies as p
join policy_roles as pr on pr.policy = p.oid
join (
  select
    policy,
    string_agg(part, ', ') as parts
  from always_true
  group by policy
) as t on t.policy = p.oid
where p.permissive
  and p.command <> 'r'
group by p.object, p.subject, p.command, t.parts

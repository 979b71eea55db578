select
  r.object,
  r.subject,
  format(
    'has %s permissive policies for %s that hold for %s: %s',
    o.number,
    o.command,
    string_agg(o.role_ident, ', ' order by o.role_ident),
    o.names
  ) as message,
  null as fix
from (
  select
    p.relation,
    c.word as command,
    pr.role_ident,
    count(*) as number,
    string_agg(quote_ident(p.name), ', ' order by p.name) as names
  from policies as p
  join policy_roles as pr on pr.policy = p.oid
  join (
    values
      ('r', 'select'),
      ('a', 'insert'),
      ('w', 'update'),
      ('d', 'delete')
  ) as c (command, word) on p.command in (c.command, '*')
  where p.permissive
  group by p.relation, c.word, pr.role_ident
  having count(*) > 1
) as o
join relations as r on r.oid = o.relation
group by r.object, r.subject, o.number, o.command, o.names

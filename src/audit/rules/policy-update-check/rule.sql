select
  p.object,
  p.subject,
  'does not say what a row may become: it has no `with check`' as message,
  format('alter policy %s with check (%s);', p.ident, p.using_text) as fix
from policies as p
where p.command = 'w'
  and p.check_text is null

select
  f.object,
  f.subject,
  'runs with the rights of its owner, and finds what it names in the search path of its caller' as message,
  format('alter %s %s set search_path = '''';', f.kind_word, f.ident) as fix
from functions as f
where f.definer
  and not exists (
    select
    from unnest(f.settings) as setting
    where setting like 'search_path=%'
  )

-- Two organisations to look at.
with people as (
  insert into auth.users (email)
  values
    ('ada@example.com'),
    ('bob@example.com')
  on conflict do nothing
  returning id, email
)
insert into public.organisations (slug, created_by)
select split_part(p.email::text, '@', 1) || '-ltd', p.id
from people as p;

-- The cast: who is who goes by the `sub` of a token, as the platform signs it.
--
--   acme     Ada founded it, Max (who comes with a second factor) administers it too, Ed edits, Vic views.
--            Ada wrote Plan (a draft), Ed wrote Draft (a draft), News (published) and Deal (locked).
--   zenith   Zoe alone, with the draft Secret and the published Zenith.
--   Guest    has signed in and is nowhere.
create function tests.new_user(name text)
  returns jsonb
  language sql
as $$
  insert into auth.users (email, raw_user_meta_data)
  values (lower(name) || '@example.com', jsonb_build_object('full_name', name))
  returning jsonb_build_object(
    'sub', id,
    'aud', 'authenticated',
    'role', 'authenticated',
    'email', email,
    'aal', case name when 'Max' then 'aal2' else 'aal1' end
  )
$$;

select tests.create_user(name)
from unnest('{Ada,Max,Ed,Vic,Zoe,Guest}'::text[]) as name;

create function tests.id(name text)
  returns uuid
  language sql
  stable
return tests.claim(name, 'sub')::uuid;

create function tests.organisation(slug text)
  returns uuid
  language sql
  stable
  security definer
return (
  select o.id
  from public.organisations as o
  where o.slug = organisation.slug
);

insert into public.organisations (slug, created_by)
values
  ('acme', tests.id('Ada')),
  ('zenith', tests.id('Zoe'));

insert into public.memberships (organisation_id, user_id, role)
values
  (tests.organisation('acme'), tests.id('Max'), 'admin'),
  (tests.organisation('acme'), tests.id('Ed'), 'editor'),
  (tests.organisation('acme'), tests.id('Vic'), 'viewer');

insert into public.documents (organisation_id, title, body, state, author_id)
values
  (tests.organisation('acme'), 'Plan', 'For next year', 'draft', tests.id('Ada')),
  (tests.organisation('acme'), 'Draft', 'Not yet', 'draft', tests.id('Ed')),
  (tests.organisation('acme'), 'News', 'For all to read', 'published', tests.id('Ed')),
  (tests.organisation('acme'), 'Deal', 'Signed', 'locked', tests.id('Ed')),
  (tests.organisation('zenith'), 'Secret', 'A secret', 'draft', tests.id('Zoe')),
  (tests.organisation('zenith'), 'Zenith', 'About us', 'published', tests.id('Zoe'));

-- One of a year that has a partition of its own.
insert into public.events (organisation_id, number, at, actor_id, what)
values (tests.organisation('acme'), 1, '2024-06-01Z', tests.id('Ada'), 'insert draft');

insert into "Billing"."Invoice Lines" ("Organisation", "Total (€)", "Cost ""internal""")
values
  (tests.organisation('acme'), 100, 40),
  (tests.organisation('acme'), 20.5, 1),
  (tests.organisation('zenith'), 7, 7);

insert into storage.objects (bucket_id, name, owner_id)
values
  ('avatars', tests.id('Ada') || '/me.png', tests.id('Ada')),
  ('files', tests.id('Ed') || '/notes.txt', tests.id('Ed')),
  ('files', tests.id('Zoe') || '/plan.txt', tests.id('Zoe'));

select tests.define_call('public.invite', 'Guest to acme', jsonb_build_object('organisation', tests.organisation('acme'), 'handle', 'guest'));
select tests.define_call('public.create_document', 'in acme', jsonb_build_object('organisation', tests.organisation('acme'), 'title', 'New'));
select tests.define_call('public.find_documents', 'of an a', '{"query": "a"}');
select tests.define_call('public.find_documents', 'locked, of an a', '{"query": "a", "states": ["locked"]}');

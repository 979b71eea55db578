alter table public.documents enable row level security;
-- Not granted: number and author_id, which the database knows better.
grant
  select,
  insert (organisation_id, title, body, state),
  update (title, body, state),
  delete
on public.documents to authenticated;
grant select on public.documents to anon;

create policy "Everybody reads what is published" on public.documents
  for select
  to anon, authenticated
  using (state = 'published');

create policy "Members read all but other people's drafts" on public.documents
  for select
  to authenticated
  using (
    organisation_id = any ((select private.organisations())::uuid[])
    and (state <> 'draft' or author_id = (select auth.uid()))
  );

create policy "Editors write" on public.documents
  for insert
  to authenticated
  with check (
    organisation_id = any ((select private.organisations('editor', 'admin'))::uuid[])
    and author_id = (select auth.uid())
  );

-- A request without a filter reaches what its caller cannot see, so this too says whose drafts.
create policy "Editors revise" on public.documents
  for update
  to authenticated
  using (
    organisation_id = any ((select private.organisations('editor', 'admin'))::uuid[])
    and (state <> 'draft' or author_id = (select auth.uid()))
  )
  with check (organisation_id = any ((select private.organisations('editor', 'admin'))::uuid[]));

create policy "Nobody revises what is locked" on public.documents
  as restrictive
  for update
  to public
  using (state <> 'locked')
  with check (true);

create policy "Administrators delete" on public.documents
  for delete
  to authenticated
  using (organisation_id = any ((select private.organisations('admin'))::uuid[]));

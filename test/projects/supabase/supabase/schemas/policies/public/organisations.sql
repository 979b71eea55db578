alter table public.organisations enable row level security;
grant select, insert (id, slug, created_by), update (slug), delete on public.organisations to authenticated;

-- Its maker too: `returning` shows the row before the trigger has made them a member.
create policy "Members see their organisations" on public.organisations
  for select
  to authenticated
  using (id = any ((select private.organisations())::uuid[]) or created_by = (select auth.uid()));

create policy "Anybody founds one" on public.organisations
  for insert
  to authenticated
  with check (created_by = (select auth.uid()));

create policy "Administrators rename it" on public.organisations
  for update
  to authenticated
  using (id = any ((select private.organisations('admin'))::uuid[]))
  with check (id = any ((select private.organisations('admin'))::uuid[]));

create policy "Administrators delete it" on public.organisations
  for delete
  to authenticated
  using (id = any ((select private.organisations('admin'))::uuid[]));

create policy "Only with a second factor" on public.organisations
  as restrictive
  for delete
  to authenticated
  using ((select auth.jwt() ->> 'aal') = 'aal2');

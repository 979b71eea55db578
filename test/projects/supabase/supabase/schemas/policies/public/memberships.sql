alter table public.memberships enable row level security;
-- Not granted: insert, which is what public.invite is for.
grant select, update (role), delete on public.memberships to authenticated;

create policy "Members see each other" on public.memberships
  for select
  to authenticated
  using (organisation_id = any ((select private.organisations())::uuid[]));

create policy "Administrators change the role of others" on public.memberships
  for update
  to authenticated
  using (organisation_id = any ((select private.organisations('admin'))::uuid[]) and user_id <> (select auth.uid()))
  with check (organisation_id = any ((select private.organisations('admin'))::uuid[]) and user_id <> (select auth.uid()));

create policy "Administrators remove, anybody leaves" on public.memberships
  for delete
  to authenticated
  using (organisation_id = any ((select private.organisations('admin'))::uuid[]) or user_id = (select auth.uid()));

alter table public.profiles enable row level security;
grant select, update (handle, full_name) on public.profiles to authenticated;

create policy "People see themselves and their peers" on public.profiles
  for select
  to authenticated
  using (id = (select auth.uid()) or id = any ((select private.peers())::uuid[]));

create policy "People change their own profile" on public.profiles
  for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

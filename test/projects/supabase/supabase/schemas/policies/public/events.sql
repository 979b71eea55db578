alter table public.events enable row level security;
grant select on public.events to authenticated;

create policy "Administrators look back" on public.events
  for select
  to authenticated
  using (organisation_id = any ((select private.organisations('admin'))::uuid[]));

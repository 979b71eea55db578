alter table "Billing"."Invoice Lines" enable row level security;
-- Not granted: what it cost us.
grant select ("No.", "Organisation", "Total (€)") on "Billing"."Invoice Lines" to authenticated;

create policy "Administrators see what they pay" on "Billing"."Invoice Lines"
  for select
  to authenticated
  using ("Organisation" = any ((select private.organisations('admin'))::uuid[]));

create policy "The monthly run sees all" on "Billing"."Invoice Lines"
  for select
  to service_role
  using (true);

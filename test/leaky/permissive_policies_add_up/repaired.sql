create policy hide_archived on api.notes
  as restrictive
  for select
  to app_user
  using (not archived);

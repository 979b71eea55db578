create policy hide_archived on api.notes
  for select
  to app_user
  using (not archived);

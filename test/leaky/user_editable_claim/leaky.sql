create policy select_admin on api.notes
  for select
  to app_user
  using ((select current_setting('request.jwt.claims')::jsonb -> 'user_metadata' ->> 'role') = 'admin');

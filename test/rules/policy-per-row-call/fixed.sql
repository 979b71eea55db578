alter policy select_own on api.notes
  using (id > 0 and (owner is null or owner = (select private.user_id())));
alter policy insert_own on api.notes
  with check (owner = (select (current_setting('request.jwt.claims', true)::json ->> 'sub')::bigint));

create function private.make_profile() returns trigger
  language plpgsql
as $$
begin
  new.name := new.raw_user_meta_data ->> 'name';
  return new;
end
$$;
create table api.notes (id bigint);
alter table api.notes enable row level security;
create policy select_admin on api.notes
  for select
  to web_user
  using ((select current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'role') = 'admin');

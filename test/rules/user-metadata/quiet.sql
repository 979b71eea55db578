create function private.make_profile() returns trigger
  language plpgsql
as $$
begin
  new.name := new.raw_user_meta_data ->> 'name';
  return new;
end
$$;
create function private.my_name() returns text
  language sql
  stable
as $$
  select current_setting('request.jwt.claims', true)::jsonb #>> '{user_metadata,name}'
$$;
create function private.greeting() returns text language sql stable as 'select private.my_name()';
-- Names that look like it, and it itself without a call.
create function private.is_mine() returns boolean
  language plpgsql
  stable
as $$
begin
  return other.my_name() = 'x' or tmy_name() or my_name_2() or my_name is null;
end
$$;
create table api.notes (id bigint);
alter table api.notes enable row level security;
create policy select_admin on api.notes
  for select
  to web_user
  using ((select current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'role') = 'admin');
create policy delete_mine on api.notes
  for delete
  to web_user
  using (private.is_mine());

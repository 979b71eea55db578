create function private.handle_new_user()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  insert into public.profiles (id, handle, full_name)
  values (new.id, split_part(new.email::text, '@', 1), new.raw_user_meta_data ->> 'full_name');
  return null;
end
$$;
comment on function private.handle_new_user() is 'Everybody has a profile. Definer: whoever signs up may not write profiles.';

create trigger on_auth_user_created
  after insert on auth.users
  for each row
  execute function private.handle_new_user();

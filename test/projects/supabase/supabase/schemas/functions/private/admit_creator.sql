create function private.admit_creator()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  insert into public.memberships (organisation_id, user_id, role)
  values (new.id, new.created_by, 'admin');
  return null;
end
$$;
comment on function private.admit_creator() is 'Who makes an organisation is its first administrator. Definer: nobody may add themself.';

create trigger admit_creator
  after insert on public.organisations
  for each row
  when (new.created_by is not null)
  execute function private.admit_creator();

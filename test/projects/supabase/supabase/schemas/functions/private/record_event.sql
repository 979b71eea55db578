create function private.record_event()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  insert into public.events (organisation_id, number, at, what)
  values (new.organisation_id, new.number, clock_timestamp(), format('%s %s', lower(tg_op), new.state));
  return null;
end
$$;
comment on function private.record_event() is 'Definer: nobody writes events themself.';

create trigger record_event
  after insert or update of state on public.documents
  for each row
  execute function private.record_event();

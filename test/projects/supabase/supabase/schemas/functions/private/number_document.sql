create function private.number_document()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  perform from public.organisations as o
  where o.id = new.organisation_id
  for update;
  select coalesce(max(d.number), 0) + 1
  into new.number
  from public.documents as d
  where d.organisation_id = new.organisation_id;
  return new;
end
$$;
comment on function private.number_document() is 'Numbers have no gaps to read anything from, and count what the caller may not see: hence definer.';

create trigger number_document
  before insert on public.documents
  for each row
  execute function private.number_document();

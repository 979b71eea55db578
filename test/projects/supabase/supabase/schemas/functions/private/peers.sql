create function private.peers()
  returns uuid[]
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select coalesce(array_agg(distinct m.user_id), '{}')
  from public.memberships as m
  where m.organisation_id = any (private.organisations())
$$;
comment on function private.peers() is 'Who shares an organisation with the caller. Definer, as private.organisations is.';

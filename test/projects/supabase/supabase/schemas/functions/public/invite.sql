create function public.invite(organisation uuid, handle text, as_role public.org_role default 'viewer')
  returns void
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  if organisation <> all (private.organisations('admin')) then
    raise insufficient_privilege using message = 'only administrators invite';
  end if;
  insert into public.memberships (organisation_id, user_id, role)
  select invite.organisation, p.id, invite.as_role
  from public.profiles as p
  where p.handle = invite.handle;
  if not found then
    raise sqlstate 'PT404' using message = 'there is nobody of that name';
  end if;
end
$$;
comment on function public.invite(uuid, text, public.org_role) is 'Adds somebody by their handle. Definer: the caller cannot see them yet.';
revoke execute on function public.invite(uuid, text, public.org_role) from public;
grant execute on function public.invite(uuid, text, public.org_role) to authenticated;

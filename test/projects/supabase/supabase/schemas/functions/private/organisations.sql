create function private.organisations(variadic roles public.org_role[] default '{viewer,editor,admin}')
  returns uuid[]
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select coalesce(array_agg(m.organisation_id), '{}')
  from public.memberships as m
  where m.user_id = (select auth.uid())
    and m.role = any (roles)
$$;
comment on function private.organisations(public.org_role[]) is 'Where the caller has one of these roles. Definer: the policies of memberships ask it. Nobody may name it, since nobody has usage of this schema.';

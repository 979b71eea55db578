create function api.add_member(project_id bigint, email text, role text)
  returns api.project_members
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  account bigint;
  added api.project_members;
begin
  perform auth.require_project_role(add_member.project_id, 'admin');
  if add_member.role is null or add_member.role not in ('viewer', 'contributor', 'admin') then
    raise exception 'there is no such role'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a role is viewer, contributor or admin';
  end if;
  select u.id
  into account
  from api.users as u
  where u.email = auth.normalise_email(add_member.email);
  if account is null then
    raise exception 'nobody has an account with this e-mail'
      using
        errcode = 'PT404',
        hint = 'check the address, or ask them to register';
  end if;
  insert into api.project_members as m (project_id, user_id, role)
  values (add_member.project_id, account, add_member.role)
  on conflict do nothing
  returning m.* into added;
  if added.user_id is null then
    raise exception 'they are a member already'
      using
        errcode = 'unique_violation',
        hint = 'PATCH /project_members changes their role';
  end if;
  return added;
end
$$;
comment on function api.add_member(bigint, text, text) is
$$Add somebody to a project by e-mail

For admins of the project. 404 for an address without an account or a project that is not the caller's, 403 for other members, 409 for somebody who is a member already, or of as many projects as one can be. Definer, because it finds people whom the caller cannot see; it takes their exact address.$$;
grant execute on function api.add_member(bigint, text, text) to api_user;

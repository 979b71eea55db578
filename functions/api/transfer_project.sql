create function api.transfer_project(project_id bigint, new_owner_id bigint)
  returns api.projects
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  caller constant bigint := auth.require_user();
  handed_over api.projects;
begin
  perform auth.require_project_role(transfer_project.project_id, 'viewer');
  -- The new owner's account first, as when it is deleted, and the project before its members, as when that is deleted:
  -- whoever comes second waits.
  perform
  from api.users as u
  where u.id = transfer_project.new_owner_id
  for key share;
  perform
  from api.projects as p
  where p.id = transfer_project.project_id
  for no key update;
  update api.project_members as m
  set role = 'admin'
  where m.project_id = transfer_project.project_id
    and m.user_id = transfer_project.new_owner_id
    and exists (select from api.projects as p where p.id = m.project_id and p.owner_id = caller);
  if not found then
    if not exists (select from api.projects as p where p.id = transfer_project.project_id and p.owner_id = caller) then
      raise exception 'only the owner can hand a project over'
        using
          errcode = 'insufficient_privilege',
          hint = 'GET /projects tells who that is';
    end if;
    raise exception 'the new owner is not a member of the project'
      using
        errcode = 'invalid_parameter_value',
        hint = 'add them first: POST /rpc/add_member';
  end if;
  update api.projects as p
  set owner_id = transfer_project.new_owner_id
  where p.id = transfer_project.project_id
    and p.owner_id = caller
  returning p.* into handed_over;
  if not found then
    raise exception 'only the owner can hand a project over'
      using
        errcode = 'insufficient_privilege',
        hint = 'GET /projects tells who that is';
  end if;
  return handed_over;
end
$$;
comment on function api.transfer_project(bigint, bigint) is
$$Hand a project over to another member

For its owner, who stays an admin. 404 for a project that is not the caller's, 403 for members who do not own it, 400 when the new owner is no member. Definer, because nobody may write owner_id.$$;
grant execute on function api.transfer_project(bigint, bigint) to api_user;

create function api.delete_account(current_password text)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
  -- PostgREST gives a request that much for it: whoever was given a thousand long tasks may not be kept by that.
  set statement_timeout = '5min'
as $$
declare
  caller constant bigint := auth.require_user();
begin
  -- Before the check, which takes a weaker lock: two at once would otherwise wait for each other.
  perform
  from auth.credentials as c
  where c.user_id = caller
  for update;
  if not auth.check_password(caller, current_password) then
    raise exception 'the current password is wrong'
      using
        errcode = 'PT401',
        hint = 'nothing was deleted';
  end if;
  -- With the projects locked, nobody can be added to them while it is found out whether they have other members.
  perform
  from api.projects as p
  where p.owner_id = caller
  order by p.id
  for update;
  if exists (
    select
    from api.projects as p
    join api.project_members as m on m.project_id = p.id and m.user_id <> caller
    where p.owner_id = caller
  ) then
    raise exception 'you own projects that have other members'
      using
        errcode = 'PT409',
        hint = 'hand them over (POST /rpc/transfer_project) or delete them first';
  end if;
  delete from api.projects as p
  where p.owner_id = caller;
  -- Tasks before the figures of their projects, like everybody who writes a task: the references alone would take
  -- memberships, and so figures, first, and could wait for somebody who waits for them.
  update api.tasks as t
  set created_by = null
  where t.created_by = caller;
  delete from api.users as u
  where u.id = caller;
exception
  -- A project was handed to them at this moment. PostgreSQL 18 has a state of its own for `on delete restrict`.
  when foreign_key_violation or restrict_violation then
    raise exception 'you own projects that have other members'
      using
        errcode = 'PT409',
        hint = 'hand them over (POST /rpc/transfer_project) or delete them first';
end
$$;
comment on function api.delete_account(text) is
$$Delete one's account

Removes it with the projects that were the caller's alone. Tasks and comments in other projects stay, their author unknown. 409 while the caller owns a project that has other members, 401 when the password is wrong. Definer, because nobody may delete accounts otherwise.$$;
grant execute on function api.delete_account(text) to api_user;

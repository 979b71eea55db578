create function internal.keep_owner()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  -- The lock makes a transfer that is under way finish first.
  perform
  from api.projects as p
  where p.id = old.project_id
    and p.owner_id = old.user_id
  for share;
  if found then
    raise exception 'the owner of a project stays its admin'
      using
        errcode = 'insufficient_privilege',
        hint = 'hand the project over first: POST /rpc/transfer_project';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function internal.keep_owner() is 'Refuses to remove or demote the owner of a project. Definer, because it must see the project whoever asks.';

create trigger keep_owner_member
  before delete on api.project_members
  for each row
  execute function internal.keep_owner();

create trigger keep_owner_admin
  before update on api.project_members
  for each row
  when ((new.project_id, new.user_id) is distinct from (old.project_id, old.user_id) or (old.role = 'admin' and new.role <> 'admin'))
  execute function internal.keep_owner();

create function internal.welcome_new_owner()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  insert into api.project_members as m (project_id, user_id, role)
  values (new.id, new.owner_id, 'admin')
  on conflict (project_id, user_id) do update
  set role = 'admin'
  where m.role <> 'admin';
  return null;
end
$$;
comment on function internal.welcome_new_owner() is 'Makes whoever a project is handed to its admin, however that is done. Definer, because nobody may add themself.';

create trigger welcome_new_owner
  after update of owner_id on api.projects
  for each row
  when (old.owner_id <> new.owner_id)
  execute function internal.welcome_new_owner();

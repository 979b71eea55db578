create function internal.welcome_owner()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
begin
  insert into stats.project_figures (project_id)
  select p.id
  from new_projects as p;
  insert into api.project_members (project_id, user_id, role)
  select p.id, p.owner_id, 'admin'
  from new_projects as p;
  return null;
end
$$;
comment on function internal.welcome_owner() is 'Makes the owner of a new project its admin, in the statement that creates it. Definer, because nobody may add themself.';

create trigger welcome_owner
  after insert on api.projects
  referencing new table as new_projects
  for each statement
  execute function internal.welcome_owner();

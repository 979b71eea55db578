create function internal.count_members()
  returns trigger
  language plpgsql
  security definer
  set search_path = ''
as $$
declare
  most constant bigint := (select s.most_projects from auth.settings as s);
begin
  if tg_op = 'INSERT' then
    -- Nobody is asked before becoming a member. Counted no further than it matters.
    if exists (
      select
      from (select distinct n.user_id from new_members as n) as u
      where (
        select count(*)
        from (select from api.project_members as m where m.user_id = u.user_id limit most + 1) as few
      ) > most
    ) then
      raise exception 'an account can be in no more than % projects', most
        using
          errcode = 'PT409',
          hint = 'whose it is can leave some: DELETE /project_members?user_id=eq.<account>&project_id=eq.<project>';
    end if;
    perform
    from stats.project_figures as f
    where f.project_id in (select n.project_id from new_members as n)
    order by f.project_id
    for no key update;
    update stats.project_figures as f
    set member_count = f.member_count + d.members
    from (select n.project_id, count(*) as members from new_members as n group by n.project_id) as d
    where f.project_id = d.project_id;
  elsif tg_op = 'UPDATE' then
    -- Only the owner of the database can move a membership; a change of role changes no figure.
    perform
    from stats.project_figures as f
    where f.project_id in (
      select c.project_id
      from (
        select n.project_id, 1 as members
        from new_members as n
        union all
        select o.project_id, -1
        from old_members as o
      ) as c
      group by c.project_id
      having sum(c.members) <> 0
    )
    order by f.project_id
    for no key update;
    if found then
      update stats.project_figures as f
      set member_count = f.member_count + d.members
      from (
        select c.project_id, sum(c.members) as members
        from (
          select n.project_id, 1 as members
          from new_members as n
          union all
          select o.project_id, -1
          from old_members as o
        ) as c
        group by c.project_id
      ) as d
      where f.project_id = d.project_id;
    end if;
  elsif tg_op = 'DELETE' then
    perform
    from stats.project_figures as f
    where f.project_id in (select o.project_id from old_members as o)
    order by f.project_id
    for no key update;
    update stats.project_figures as f
    set member_count = f.member_count - d.members
    from (select o.project_id, count(*) as members from old_members as o group by o.project_id) as d
    where f.project_id = d.project_id;
  end if;
  return null;
end
$$;
comment on function internal.count_members() is 'Keeps the member figures of the projects that a statement touched, and how many projects somebody is in within auth.settings.most_projects. Definer, because no API role may write figures.';

create trigger count_inserted
  after insert on api.project_members
  referencing new table as new_members
  for each statement
  execute function internal.count_members();

create trigger count_updated
  after update on api.project_members
  referencing old table as old_members new table as new_members
  for each statement
  execute function internal.count_members();

create trigger count_deleted
  after delete on api.project_members
  referencing old table as old_members
  for each statement
  execute function internal.count_members();

-- The cast of the policy tests, and how this project says who is who.
--
--   Apollo        Olga owns it, Adam is an admin; Cora, Arthur and Rita contribute, Vera and Asad view.
--                 Arthur wrote the task Guidance, which is assigned to Asad, and the comment on it.
--                 Rita wrote the task Archive and the comment there, and has been a viewer since.
--   Borealis      belongs to Omar alone, with the task Hidden and a comment.
--   Common room   belongs to Nina, and all of Apollo view it: they see Nina, who is not in Apollo.
--   Stella        is in no project.
--
-- So whoever sees all rows sees too many, and whoever sees none too few.

-- Everybody's password is "open sesame"; what a hash costs to make is time that the tests do not need to spend.
update auth.settings set bcrypt_cost = 4;

create function tests.new_user(name text)
  returns jsonb
  language sql
as $$
  with account as (
    insert into api.users (email, name)
    values (lower(new_user.name) || '@example.com', new_user.name)
    returning id, email
  ), credentials as (
    insert into auth.credentials (user_id, password_hash)
    select account.id, internal.crypt('open sesame', internal.gen_salt('bf', 4))
    from account
  )
  select jsonb_build_object('role', 'api_user', 'user_id', account.id, 'email', account.email, 'iat', 1700000000)
  from account
$$;

select tests.create_user(name)
from unnest('{Olga,Adam,Cora,Arthur,Rita,Vera,Asad,Omar,Nina,Stella}'::text[]) as name;

-- Tests name rows; these look them up with the owner's rights, and fail for a name that is not there.
create function tests.id(name text)
  returns bigint
  language sql
  stable
return tests.claim(name, 'user_id')::bigint;

create function tests.project(name text)
  returns bigint
  language plpgsql
  stable
  security definer
as $$
declare
  id bigint;
begin
  select p.id
  into strict id
  from api.projects as p
  where p.name = project.name;
  return id;
end
$$;

create function tests.task(title text)
  returns bigint
  language plpgsql
  stable
  security definer
as $$
declare
  id bigint;
begin
  select t.id
  into strict id
  from api.tasks as t
  where t.title = task.title;
  return id;
end
$$;

create function tests.members()
  returns text[]
  language sql
  immutable
return '{Olga,Adam,Cora,Arthur,Rita,Vera,Asad}'::text[];
comment on function tests.members() is 'Who is in Apollo.';

create function tests.outsiders()
  returns text[]
  language sql
  immutable
return '{Nina,Omar,Stella}'::text[];
comment on function tests.outsiders() is 'Who is not in Apollo.';

-- What a call complains of, as whoever was become; nothing if it works.
create function tests.complaint(call text)
  returns text
  language plpgsql
as $$
begin
  execute 'select ' || call;
  return null;
exception
  when others then
    return sqlerrm;
end
$$;

insert into api.projects (name, description, owner_id)
values
  ('Apollo', 'To the moon', tests.id('Olga')),
  ('Borealis', 'Secret lights', tests.id('Omar')),
  ('Common room', 'Tea', tests.id('Nina'));

insert into api.project_members (project_id, user_id, role)
values
  (tests.project('Apollo'), tests.id('Adam'), 'admin'),
  (tests.project('Apollo'), tests.id('Cora'), 'contributor'),
  (tests.project('Apollo'), tests.id('Arthur'), 'contributor'),
  (tests.project('Apollo'), tests.id('Rita'), 'contributor'),
  (tests.project('Apollo'), tests.id('Vera'), 'viewer'),
  (tests.project('Apollo'), tests.id('Asad'), 'viewer');

insert into api.project_members (project_id, user_id, role)
select tests.project('Common room'), tests.id(name), 'viewer'
from unnest('{Olga,Adam,Cora,Arthur,Rita,Vera,Asad}'::text[]) as name;

insert into api.tasks (title, description, project_id, created_by, assigned_to)
values
  ('Guidance', 'Write the guidance code', tests.project('Apollo'), tests.id('Arthur'), tests.id('Asad')),
  ('Archive', 'Keep the old plans', tests.project('Apollo'), tests.id('Rita'), null),
  ('Hidden', 'Guidance of a hidden kind', tests.project('Borealis'), tests.id('Omar'), null);

insert into api.comments (task_id, user_id, content)
values
  (tests.task('Guidance'), tests.id('Arthur'), 'By Arthur'),
  (tests.task('Archive'), tests.id('Rita'), 'By Rita'),
  (tests.task('Hidden'), tests.id('Omar'), 'By Omar');

update api.project_members
set role = 'viewer'
where project_id = tests.project('Apollo')
  and user_id = tests.id('Rita');

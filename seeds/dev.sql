-- Development data: a few people whose password is known (correct horse battery), so never for a server that others
-- reach. `npx tm-db up` loads it into a new database, and `npx tm-db seed dev` into any on this machine. Loaded twice, it
-- changes nothing.

with cast_list (email, name) as (
  values
    ('alice@example.com', 'Alice Archer'),
    ('bob@example.com', 'Bob Baker'),
    ('carol@example.com', 'Carol Carter'),
    ('dave@example.com', 'Dave Draper'),
    ('erin@example.com', 'Erin Ellis'),
    ('frank@example.com', 'Frank Fisher')
),
joined as (
  insert into api.users (email, name)
  select c.email, c.name
  from cast_list as c
  order by c.email
  on conflict do nothing
  returning id
),
-- One hash for all: bcrypt is slow on purpose.
hash as materialized (
  select auth.hash_password('correct horse battery') as password_hash
  where exists (select from joined)
)
insert into auth.credentials (user_id, password_hash)
select j.id, h.password_hash
from joined as j
cross join hash as h;

-- Alice owns two projects and Bob one; Frank is in none.
insert into api.projects (name, description, owner_id, created_at)
select p.name, p.description, u.id, now() - p.age
from (
  values
    ('Website relaunch', 'New design, new texts, faster pages', 'alice@example.com', interval '60 days'),
    ('Office move', 'From the old harbour to the station', 'alice@example.com', interval '30 days'),
    ('Bicycle workshop', 'Opening on the first of next month', 'bob@example.com', interval '20 days')
) as p (name, description, owner, age)
join api.users as u on u.email = p.owner
where not exists (
  select
  from api.projects as x
  where x.name = p.name
    and x.owner_id = u.id
)
order by p.age desc;

insert into api.project_members (project_id, user_id, role)
select p.id, u.id, m.role
from (
  values
    ('Website relaunch', 'bob@example.com', 'contributor'),
    ('Website relaunch', 'carol@example.com', 'viewer'),
    ('Website relaunch', 'dave@example.com', 'admin'),
    ('Office move', 'carol@example.com', 'contributor'),
    ('Bicycle workshop', 'alice@example.com', 'viewer'),
    ('Bicycle workshop', 'erin@example.com', 'contributor')
) as m (project, email, role)
join api.projects as p on p.name = m.project
join api.users as u on u.email = m.email
on conflict do nothing;

insert into api.tasks (title, description, status, due_date, project_id, assigned_to, created_by, metadata, created_at)
select
  t.title,
  t.description,
  t.status,
  date_trunc('hour', now()) + t.due,
  p.id,
  assignee.id,
  creator.id,
  t.metadata::jsonb,
  now() - t.age
from (
  values
    ('Website relaunch', 'Write the database migration', 'Move articles and pictures to the new tables', 'in_progress', interval '3 days', 'bob@example.com', 'alice@example.com', '{"tags": ["backend", "urgent"], "estimate": 5}', interval '21 days'),
    ('Website relaunch', 'Choose a typeface', 'Readable in small sizes, with Greek letters', 'completed', interval '-10 days', 'dave@example.com', 'alice@example.com', '{"tags": ["design"]}', interval '40 days'),
    ('Website relaunch', 'Translate the front page', 'English and Greek', 'pending', interval '-2 days', 'carol@example.com', 'dave@example.com', '{"tags": ["content"]}', interval '14 days'),
    ('Website relaunch', 'Measure page speed', 'Before and after, on a slow telephone', 'pending', null, null, 'bob@example.com', '{"tags": ["backend", "design"]}', interval '5 days'),
    ('Website relaunch', 'Animated header', 'Nobody wanted it after all', 'cancelled', null, null, 'dave@example.com', '{}', interval '35 days'),
    ('Office move', 'Hire a removal van', 'Two trips, with a lift for the printer', 'in_progress', interval '1 day', 'carol@example.com', 'alice@example.com', '{"tags": ["urgent"], "budget": 800}', interval '9 days'),
    ('Office move', 'Tell customers the new address', null, 'pending', interval '14 days', null, 'carol@example.com', '{}', interval '8 days'),
    ('Office move', 'Return the old keys', 'To the harbour master', 'completed', interval '-1 day', 'alice@example.com', 'alice@example.com', '{}', interval '12 days'),
    ('Bicycle workshop', 'Order repair stands', 'Four of them, adjustable', 'completed', interval '-5 days', 'bob@example.com', 'bob@example.com', '{"tags": ["tools"], "budget": 450}', interval '18 days'),
    ('Bicycle workshop', 'Paint the sign', 'Yellow on black', 'pending', interval '6 days', 'erin@example.com', 'bob@example.com', '{"tags": ["design"]}', interval '6 days'),
    ('Bicycle workshop', 'Print the opening poster', 'Overdue already', 'in_progress', interval '-3 days', 'alice@example.com', 'erin@example.com', '{"tags": ["design", "urgent"]}', interval '10 days')
) as t (project, title, description, status, due, assignee, creator, metadata, age)
join api.projects as p on p.name = t.project
join api.users as creator on creator.email = t.creator
left join api.users as assignee on assignee.email = t.assignee
where not exists (
  select
  from api.tasks as x
  where x.project_id = p.id
    and x.title = t.title
)
order by t.age desc;

insert into api.comments (content, task_id, user_id, created_at)
select c.content, t.id, u.id, now() - c.age
from (
  values
    ('Write the database migration', 'The pictures table has no primary key yet.', 'bob@example.com', interval '6 days'),
    ('Write the database migration', 'Added one; the rest can go ahead.', 'alice@example.com', interval '5 days'),
    ('Translate the front page', 'Carol, can you look at the Greek text?', 'dave@example.com', interval '4 days'),
    ('Hire a removal van', 'The van is booked for nine in the morning.', 'carol@example.com', interval '2 days'),
    ('Paint the sign', 'I have the yellow already.', 'erin@example.com', interval '1 day')
) as c (task, content, author, age)
join api.tasks as t on t.title = c.task
join api.users as u on u.email = c.author
where not exists (
  select
  from api.comments as x
  where x.task_id = t.id
    and x.content = c.content
)
order by c.age desc;

-- What the last statement answers is shown: who can log in, and what they see.
select
  u.email,
  'correct horse battery' as password,
  coalesce(
    string_agg(format('%s of %s', m.role, p.name), ', ' order by p.name) filter (where m.role is not null),
    'none'
  ) as projects
from api.users as u
left join api.project_members as m on m.user_id = u.id
left join api.projects as p on p.id = m.project_id
where u.email in (
    'alice@example.com',
    'bob@example.com',
    'carol@example.com',
    'dave@example.com',
    'erin@example.com',
    'frank@example.com'
  )
group by u.id
order by u.email;

-- What holds for every row, whoever writes it; as the owner of the tables, whom no policy binds.
begin;
select no_plan();

select bag_eq(
  $$
    select a.attrelid::regclass::text, a.attname::text collate "default"
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace in ('api'::regnamespace, 'auth'::regnamespace, 'stats'::regnamespace)
      and c.relkind = 'r'
      and a.attnum > 0
      and not a.attisdropped
      and not a.attnotnull
  $$,
  $$
    values
      ('api.comments', 'user_id'),
      ('api.projects', 'description'),
      ('api.tasks', 'assigned_to'),
      ('api.tasks', 'created_by'),
      ('api.tasks', 'description'),
      ('api.tasks', 'due_date'),
      ('api.tasks', 'search_vector'),
      ('auth.credentials', 'cost'),
      ('auth.secrets', 'previous_secret'),
      ('auth.secrets', 'previous_until'),
      ('auth.secrets', 'standby_secret')
  $$,
  'only these may be null'
);

select col_is_pk(split_part(name, '.', 1), split_part(name, '.', 2), columns, name || ' has its key')
from (
  values
    ('api.users', '{id}'::name[]),
    ('api.projects', '{id}'),
    ('api.project_members', '{project_id,user_id}'),
    ('api.tasks', '{id}'),
    ('api.comments', '{id}'),
    ('auth.credentials', '{user_id}'),
    ('auth.secrets', '{only_row}'),
    ('auth.settings', '{only_row}'),
    ('stats.project_figures', '{project_id}')
) as t (name, columns);

-- A text is neither blank nor too long, and a value is one of those that there are.
select throws_ok(statement, '23514', null, 'refused: ' || why)
from (
  values
    ($$ update api.users set name = ' ' $$, 'a blank name'),
    ($$ update api.users set name = repeat('n', 201) $$, 'a name of 201 characters'),
    ($$ update api.users set email = 'no address' $$, 'an e-mail that is none'),
    ($$ update api.users set email = 'Vera@example.com' where name = 'Vera' $$, 'an e-mail in capitals'),
    ($$ update api.users set email = repeat('e', 250) || '@example.com' where name = 'Vera' $$, 'an e-mail of 262 characters'),
    ($$ update api.projects set name = ' ' $$, 'a project with a blank name'),
    ($$ update api.projects set name = repeat('n', 201) $$, 'a project with a name of 201 characters'),
    ($$ update api.projects set description = ' ' $$, 'a project with a blank description'),
    ($$ update api.projects set description = repeat('d', 10001) $$, 'a project with a description of 10,001 characters'),
    ($$ update api.project_members set role = 'owner' where role = 'viewer' $$, 'a role that there is not'),
    ($$ update api.tasks set title = ' ' $$, 'a task with a blank title'),
    ($$ update api.tasks set title = repeat('t', 201) $$, 'a title of 201 characters'),
    ($$ update api.tasks set description = ' ' $$, 'a task with a blank description'),
    ($$ update api.tasks set description = repeat('d', 10001) $$, 'a task with a description of 10,001 characters'),
    ($$ update api.tasks set status = 'forgotten' $$, 'a status that there is not'),
    ($$ update api.tasks set due_date = '1969-12-31 00:00+00' $$, 'a date before 1970'),
    ($$ update api.tasks set due_date = '10000-01-01 00:00+00' $$, 'a date after 9999'),
    ($$ update api.tasks set metadata = '[]' $$, 'metadata that are no object'),
    ($$ update api.tasks set metadata = jsonb_build_object('note', repeat('n', 16384)) $$, 'metadata of more than 16 kB'),
    ($$ update api.tasks set metadata = '{"tags": "urgent"}' $$, 'tags that are no list'),
    ($$ update api.tasks set metadata = '{"tags": ["urgent", "urgent"]}' $$, 'a tag twice'),
    ($$ update api.comments set content = ' ' $$, 'a blank comment'),
    ($$ update api.comments set content = repeat('c', 10001) $$, 'a comment of 10,001 characters'),
    ($$ insert into auth.secrets (only_row, secret) values (false, repeat('s', 32)) $$, 'a second row of secrets'),
    ($$ insert into auth.secrets (secret) values ('short') $$, 'a secret of five characters'),
    ($$ insert into auth.secrets (secret, standby_secret) values (repeat('s', 32), 'short') $$, 'a next secret of five characters'),
    ($$ insert into auth.secrets (secret, previous_secret, previous_until) values (repeat('s', 32), 'short', now()) $$, 'a last secret of five characters'),
    ($$ insert into auth.secrets (secret, previous_secret) values (repeat('s', 32), repeat('p', 32)) $$, 'a last secret that is accepted for ever'),
    ($$ insert into auth.settings (only_row) values (false) $$, 'a second row of settings'),
    ($$ update auth.settings set token_lifetime = '0' $$, 'a token that lasts no time'),
    ($$ update auth.settings set bcrypt_cost = 3 $$, 'a password that costs next to nothing'),
    ($$ update auth.settings set bcrypt_cost = 19 $$, 'a password that costs minutes'),
    ($$ update auth.settings set most_projects = 0 $$, 'accounts that can be in no project')
) as t (statement, why);
select lives_ok($$ update api.tasks set metadata = '{"tags": ["urgent", "late"]}', due_date = '2030-01-01' $$, 'but a task may have tags and a date');

select throws_ok($$ insert into api.users (email, name) values ('vera@example.com', 'Vera') $$, '23505', null, 'refused: an e-mail that is taken');

-- What a row points at is there,
select throws_ok(statement, '23503', null, 'refused: ' || why)
from (
  values
    ($$ insert into api.projects (name, owner_id) values ('New', 999999999) $$, 'a project of nobody'),
    ($$ insert into api.project_members (project_id, user_id, role) values (999999999, tests.id('Vera'), 'viewer') $$, 'a member of no project'),
    ($$ insert into api.project_members (project_id, user_id, role) values (tests.project('Apollo'), 999999999, 'viewer') $$, 'a member who is nobody'),
    ($$ insert into api.tasks (title, project_id) values ('New', 999999999) $$, 'a task of no project'),
    ($$ insert into api.tasks (title, project_id, created_by) values ('New', tests.project('Apollo'), 999999999) $$, 'a task by nobody'),
    ($$ insert into api.comments (content, task_id, project_id) values ('New', tests.task('Hidden'), tests.project('Apollo')) $$, 'a comment on a task of another project'),
    ($$ insert into api.comments (content, task_id, user_id) values ('New', tests.task('Hidden'), 999999999) $$, 'a comment by nobody'),
    ($$ insert into auth.credentials (user_id, password_hash) values (999999999, 'hash') $$, 'a password of nobody'),
    ($$ insert into stats.project_figures (project_id) values (999999999) $$, 'figures of no project')
) as t (statement, why);

-- and who owns a project cannot go.
select throws_like($$ delete from api.users where name = 'Olga' $$, '%foreign key constraint "projects_owner_id_fkey"%', 'refused: to delete who owns a project');

-- What goes with an account, and what stays.
delete from api.users where id = tests.id('Arthur');
select is_empty($$ select from api.project_members where user_id = tests.id('Arthur') $$, 'their memberships go');
select is_empty($$ select from auth.credentials where user_id = tests.id('Arthur') $$, 'and their password');
select results_eq($$ select created_by from api.tasks where title = 'Guidance' $$, $$ values (null::bigint) $$, 'their task stays, by nobody');
select results_eq($$ select user_id from api.comments where content = 'By Arthur' $$, $$ values (null::bigint) $$, 'and their comment');

-- Somebody who leaves a project is no assignee there any more.
delete from api.project_members where project_id = tests.project('Apollo') and user_id = tests.id('Asad');
select results_eq($$ select assigned_to, project_id from api.tasks where title = 'Guidance' $$, $$ values (null::bigint, tests.project('Apollo')) $$,
  'who leaves a project is unassigned, and the task stays in it');

-- With a project goes all that is in it.
delete from api.projects where name = 'Apollo';
select is_empty($$ select from api.tasks where title in ('Guidance', 'Archive') $$, 'its tasks go');
select is_empty($$ select from api.comments where content in ('By Arthur', 'By Rita') $$, 'and their comments');
select is_empty($$ select from api.project_members where user_id = tests.id('Adam') and role = 'admin' $$, 'and its members');
select results_eq('select count(*) from stats.project_figures', 'select count(*) from api.projects', 'and its figures');

select * from finish();
rollback;

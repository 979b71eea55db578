-- Everything that the roles of the API were granted, in four tables. What is not here, nobody has.
begin;
select no_plan();

select bag_eq(
  $$
    select n.oid::regnamespace::text, r.role
    from pg_namespace as n
    cross join unnest('{api_anonymous,api_user}'::text[]) as r (role)
    where n.nspname in ('api', 'auth', 'internal', 'public', 'stats', 'tm_db')
      and has_schema_privilege(r.role, n.oid, 'usage')
  $$,
  $$ values ('api', 'api_anonymous'), ('api', 'api_user'), ('auth', 'api_anonymous'), ('auth', 'api_user'), ('public', 'api_anonymous'), ('public', 'api_user') $$,
  'these schemas may be used'
);

-- A command on the whole table, or on these columns.
select bag_eq(
  $$
    select x.oid::regclass::text, c.command, case when not has_table_privilege(r.role, x.oid, c.command) then string_agg(a.attname, ', ' order by a.attname) collate "default" end, r.role
    from pg_class as x
    cross join unnest('{api_anonymous,api_user}'::text[]) as r (role)
    cross join unnest('{select,insert,update,delete}'::text[]) as c (command)
    join pg_attribute as a on a.attrelid = x.oid and a.attnum > 0 and not a.attisdropped
    where x.relnamespace in ('api'::regnamespace, 'auth'::regnamespace, 'internal'::regnamespace, 'stats'::regnamespace)
      and x.relkind in ('r', 'v', 'm')
      and case c.command when 'delete' then has_table_privilege(r.role, x.oid, 'delete') else has_column_privilege(r.role, x.oid, a.attnum, c.command) end
    group by x.oid, c.command, r.role
  $$,
  $$
    values
      ('api.comments', 'delete', null, 'api_user'),
      ('api.comments', 'insert', 'content, task_id, user_id', 'api_user'),
      ('api.comments', 'select', null, 'api_user'),
      ('api.comments', 'update', 'content', 'api_user'),
      ('api.project_activity', 'select', null, 'api_user'),
      ('api.project_details', 'select', null, 'api_user'),
      ('api.project_members', 'delete', null, 'api_user'),
      ('api.project_members', 'insert', 'project_id, role, user_id', 'api_user'),
      ('api.project_members', 'select', null, 'api_user'),
      ('api.project_members', 'update', 'role', 'api_user'),
      ('api.project_stats', 'select', null, 'api_user'),
      ('api.projects', 'delete', null, 'api_user'),
      ('api.projects', 'insert', 'description, name, owner_id', 'api_user'),
      ('api.projects', 'select', null, 'api_user'),
      ('api.projects', 'update', 'description, name', 'api_user'),
      ('api.task_details', 'select', null, 'api_user'),
      ('api.tasks', 'delete', null, 'api_user'),
      ('api.tasks', 'insert', 'assigned_to, created_by, description, due_date, metadata, project_id, status, title', 'api_user'),
      ('api.tasks', 'select', null, 'api_user'),
      ('api.tasks', 'update', 'assigned_to, description, due_date, metadata, status, title', 'api_user'),
      ('api.user_profiles', 'select', null, 'api_user'),
      ('api.users', 'select', 'created_at, id, name', 'api_user'),
      ('api.users', 'update', 'name', 'api_user'),
      ('stats.project_activity', 'select', null, 'api_user'),
      ('stats.project_figures', 'select', null, 'api_user')
  $$,
  'these tables, columns and views may be read and written'
);

select bag_eq(
  $$
    select p.oid::regprocedure::text, string_agg(r.role, ', ' order by r.role)
    from pg_proc as p
    cross join unnest('{api_anonymous,api_user}'::text[]) as r (role)
    where p.pronamespace in ('api'::regnamespace, 'auth'::regnamespace, 'stats'::regnamespace)
      and has_function_privilege(r.role, p.oid, 'execute')
    group by p.oid
  $$,
  $$
    values
      ('api.add_member(bigint,text,text)', 'api_user'),
      ('api.add_task_tag(bigint,text)', 'api_user'),
      ('api.assign_task(bigint,bigint)', 'api_user'),
      ('api.change_password(text,text)', 'api_user'),
      ('api.change_task_status(bigint,text)', 'api_user'),
      ('api.delete_account(text)', 'api_user'),
      ('api.find_tasks(jsonb)', 'api_user'),
      ('api.login(text,text)', 'api_anonymous, api_user'),
      ('api.register(text,text,text)', 'api_anonymous'),
      ('api.remove_task_tag(bigint,text)', 'api_user'),
      ('api.search_tasks(text)', 'api_user'),
      ('api.transfer_project(bigint,bigint)', 'api_user'),
      ('auth.login(text,text)', 'api_anonymous, api_user'),
      ('auth.match_tasks(jsonb)', 'api_user'),
      ('auth.own_email()', 'api_user'),
      ('auth.peer_ids()', 'api_user'),
      ('auth.pre_request()', 'api_anonymous, api_user'),
      ('auth.project_ids(text)', 'api_user'),
      ('auth.rank_tasks(text)', 'api_user'),
      ('auth.require_project_role(bigint,text)', 'api_user'),
      ('auth.require_task_role(bigint,text)', 'api_user'),
      ('auth.require_user()', 'api_user'),
      ('auth.set_task_status(bigint,text)', 'api_user'),
      ('auth.user_id()', 'api_anonymous, api_user')
  $$,
  'these functions may be called'
);

-- Each says in its comment why; all others run with the rights of whoever calls them.
select bag_eq(
  $$
    select p.oid::regprocedure::text
    from pg_proc as p
    where p.pronamespace in ('api'::regnamespace, 'auth'::regnamespace, 'internal'::regnamespace, 'stats'::regnamespace)
      and p.prosecdef
  $$,
  $$
    values
      ('api.add_member(bigint,text,text)'),
      ('api.change_password(text,text)'),
      ('api.delete_account(text)'),
      ('api.refresh_project_stats()'),
      ('api.register(text,text,text)'),
      ('api.transfer_project(bigint,bigint)'),
      ('auth.check_password(bigint,text)'),
      ('auth.hash_password(text)'),
      ('auth.issue_token(bigint)'),
      ('auth.login(text,text)'),
      ('auth.match_tasks(jsonb)'),
      ('auth.own_email()'),
      ('auth.peer_ids()'),
      ('auth.pre_request()'),
      ('auth.project_ids(text)'),
      ('auth.rank_tasks(text)'),
      ('auth.require_project_role(bigint,text)'),
      ('auth.require_task_role(bigint,text)'),
      ('auth.set_task_status(bigint,text)'),
      ('auth.sign_jwt(jsonb)'),
      ('internal.count_members()'),
      ('internal.count_tasks()'),
      ('internal.find_candidates(text,tsquery,jsonb)'),
      ('internal.forget_figures()'),
      ('internal.keep_owner()'),
      ('internal.notify_task_changes()'),
      ('internal.welcome_new_owner()'),
      ('internal.welcome_owner()')
  $$,
  'these functions run with the rights of the owner'
);

-- A body that is a text looks names up when it runs: in no schema that a caller could put in front.
select is_empty(
  $$
    select p.oid::regprocedure
    from pg_proc as p
    join pg_language as l on l.oid = p.prolang
    where p.pronamespace in ('api'::regnamespace, 'auth'::regnamespace, 'internal'::regnamespace, 'stats'::regnamespace)
      and p.prosqlbody is null
      and l.lanname <> 'c'
      and 'search_path=""' <> all (coalesce(p.proconfig, '{}'))
  $$,
  'each of the others pins its search_path'
);

-- Views ask as whoever reads them.
select is(
  c.reloptions @> '{security_invoker=true}',
  true,
  c.relname || ' shows what its reader may see'
)
from pg_class as c
where c.relnamespace = 'api'::regnamespace
  and c.relkind = 'v'
order by c.relname;

select * from finish();
rollback;

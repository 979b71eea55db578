-- Each table is protected, and no table is here that these tests do not know.
begin;
select no_plan();

select tables_are('api', '{users,projects,project_members,tasks,comments}', 'the tables of the API are those that are tested');
select tests.has_rls(name)
from unnest('{api.users,api.projects,api.project_members,api.tasks,api.comments,stats.project_figures}'::text[]) as name;
select tests.policies_complete(name)
from unnest('{api.users,api.projects,api.project_members,api.tasks,api.comments,stats.project_figures}'::text[]) as name;

-- A policy's name begins with the command that it is for.
select is(lower(p.cmd), split_part(p.policyname, '_', 1), format('%s on %s.%s is what its name says', p.policyname, p.schemaname, p.tablename))
from pg_policies as p
where p.schemaname in ('api', 'stats')
order by p.schemaname, p.tablename, p.policyname;

-- Whoever may change a row may not make it one that they could not have changed. No column that these conditions read can
-- be written now; the day that one is granted, this holds already.
select is(p.with_check, p.qual, format('%s on %s.%s lets in what it lets out', p.policyname, p.schemaname, p.tablename))
from pg_policies as p
where p.schemaname = 'api'
  and p.cmd = 'UPDATE'
order by p.tablename, p.policyname;

select * from finish();
rollback;

-- Each table is protected, and no table is here that these tests do not know.
begin;
select no_plan();

select tables_are('api', '{users,projects,project_members,tasks,comments}', 'the tables of the API are those that are tested');
select tests.has_rls(name)
from unnest('{api.users,api.projects,api.project_members,api.tasks,api.comments,stats.project_figures}'::text[]) as name;
select tests.policies_complete(name)
from unnest('{api.users,api.projects,api.project_members,api.tasks,api.comments,stats.project_figures}'::text[]) as name;

select * from finish();
rollback;

import { describe, expect, test } from "vitest";
import { outputOf, readPolicyTest, usePolicyTests } from "../support/policy-tests.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const client = usePolicyTests(db);

/** What somebody might break, in which file it must show, and the title of a test there that must fail. */
type Mutation = readonly [damage: string, file: string, fails: string];

const MEMBER = "project_id = any ((select auth.project_ids())::bigint[])";
const CONTRIBUTOR = "project_id = any ((select auth.project_ids('contributor'))::bigint[])";
const ADMIN = "project_id = any ((select auth.project_ids('admin'))::bigint[])";
const ME = "(select auth.user_id())";

/** One or more for each cell of the table of rights, too wide and too narrow. */
const CELLS: Readonly<Record<string, readonly Mutation[]>> = {
  users: [
    [
      "alter policy select_peer on api.users using (true)",
      "users",
      "Stella may not see Vera, with whom they share a project",
    ],
    [
      `alter policy select_peer on api.users using (id = ${ME})`,
      "users",
      "Nina may see Vera, with whom they share a project",
    ],
    ["alter policy select_peer on api.users using (false)", "users", "Stella may see their own row"],
    ["grant select on api.users to api_user", "users", "Vera may not read e-mail addresses here, not even their own"],
    ["grant insert on api.users to api_user", "users", "Vera may not make an account by insert"],
    ["grant delete on api.users to api_user", "users", "Vera may not delete an account, not even their own"],
    [
      "alter policy update_self on api.users using (id = any ((select auth.peer_ids())::bigint[])) with check (true)",
      "users",
      "Adam may not change Vera's name",
    ],
    ["alter policy update_self on api.users using (false)", "users", "Vera may change their own name"],
    ["grant update (email) on api.users to api_user", "users", "nobody sets email"],
    [
      "alter table api.users disable row level security",
      "users",
      "Stella may not see Vera, with whom they share a project",
    ],
  ],
  projects: [
    ["alter policy select_member on api.projects using (true)", "projects", "Stella may not see Apollo"],
    [`alter policy select_member on api.projects using (owner_id = ${ME})`, "projects", "Vera may see Apollo"],
    [
      "alter policy select_member on api.projects using (id = any ((select auth.project_ids())::bigint[]))",
      "projects",
      "who makes a project gets it back at once, as theirs",
    ],
    [
      "alter policy insert_owner on api.projects with check (true)",
      "projects",
      "Stella may not make a project of Vera's",
    ],
    ["drop policy insert_owner on api.projects", "projects", "Stella may make a project"],
    [
      "alter policy update_admin on api.projects using (id = any ((select auth.project_ids())::bigint[])) with check (true)",
      "projects",
      "Vera may not rename and describe Apollo",
    ],
    [
      `alter policy update_admin on api.projects using (owner_id = ${ME})`,
      "projects",
      "Adam may rename and describe Apollo",
    ],
    [
      "alter policy delete_owner on api.projects using (id = any ((select auth.project_ids('admin'))::bigint[]))",
      "projects",
      "Adam may not delete Apollo",
    ],
    ["drop policy delete_owner on api.projects", "projects", "Olga may delete Apollo"],
    ["grant update (owner_id) on api.projects to api_user", "projects", "nobody sets owner_id"],
    ["grant insert (created_at) on api.projects to api_user", "projects", "nobody chooses a new project's created_at"],
  ],
  "project members": [
    [
      "alter policy select_member on api.project_members using (true)",
      "project_members",
      "Stella may not see who is in Apollo",
    ],
    [
      `alter policy select_member on api.project_members using (${ADMIN})`,
      "project_members",
      "Vera may see who is in Apollo",
    ],
    [
      `alter policy insert_admin on api.project_members with check (${ADMIN})`,
      "project_members",
      "Olga may not add Stella, whom they cannot see, to Apollo",
    ],
    [
      `alter policy insert_admin on api.project_members with check (${ADMIN} or user_id = ${ME})`,
      "project_members",
      "Stella may not let themself in",
    ],
    [
      "alter policy insert_admin on api.project_members with check (user_id = any ((select auth.peer_ids())::bigint[]))",
      "project_members",
      "Vera may not add Nina, whom they know, to Apollo",
    ],
    [
      "drop policy insert_admin on api.project_members",
      "project_members",
      "Adam may add Nina, whom they know, to Apollo",
    ],
    [
      `alter policy update_admin on api.project_members using (${ADMIN} or user_id = ${ME}) with check (true)`,
      "project_members",
      "Vera may not raise their own role",
    ],
    [
      `alter policy update_admin on api.project_members using (${MEMBER}) with check (${MEMBER})`,
      "project_members",
      "Cora may not change Vera's role",
    ],
    ["drop policy update_admin on api.project_members", "project_members", "Adam may change Vera's role"],
    [
      `alter policy delete_admin_or_self on api.project_members using (${ADMIN})`,
      "project_members",
      "Vera may leave Apollo",
    ],
    [
      `alter policy delete_admin_or_self on api.project_members using (${MEMBER})`,
      "project_members",
      "Cora may not remove Vera",
    ],
    ["drop trigger keep_owner_member on api.project_members", "project_members", "an admin does not remove the owner"],
    ["drop trigger keep_owner_admin on api.project_members", "project_members", "an admin does not demote the owner"],
    ["grant update (user_id) on api.project_members to api_user", "project_members", "nobody sets user_id"],
  ],
  tasks: [
    ["alter policy select_member on api.tasks using (true)", "tasks", "Stella may not see a task of Apollo"],
    [`alter policy select_member on api.tasks using (${CONTRIBUTOR})`, "tasks", "Vera may see a task of Apollo"],
    [
      `alter policy insert_contributor on api.tasks with check (created_by = ${ME})`,
      "tasks",
      "Vera may not make a task in Apollo",
    ],
    [
      `alter policy insert_contributor on api.tasks with check (${CONTRIBUTOR})`,
      "tasks",
      "Cora may not make a task in Arthur's name",
    ],
    ["drop policy insert_contributor on api.tasks", "tasks", "Cora may make a task in Apollo"],
    [
      `alter policy update_contributor on api.tasks using (${MEMBER}) with check (${MEMBER})`,
      "tasks",
      "Vera may not set status = 'completed'",
    ],
    [`alter policy update_contributor on api.tasks using (${ADMIN})`, "tasks", "Cora may set status = 'completed'"],
    ["alter policy update_contributor on api.tasks using (true)", "tasks", "Vera may not set title = 'New'"],
    [
      `alter policy delete_admin_or_creator on api.tasks using (${CONTRIBUTOR})`,
      "tasks",
      "Cora may not delete the task that Arthur made",
    ],
    [
      `alter policy delete_admin_or_creator on api.tasks using (${ADMIN})`,
      "tasks",
      "Arthur may delete the task that Arthur made",
    ],
    [
      `alter policy delete_admin_or_creator on api.tasks using (created_by = ${ME} or ${ADMIN})`,
      "tasks",
      "Rita may not delete the task that Rita made while she contributed",
    ],
    ["grant update (created_by) on api.tasks to api_user", "tasks", "nobody sets created_by"],
    [
      "alter table api.tasks drop constraint tasks_project_id_assigned_to_fkey",
      "tasks",
      "nobody assigns a task to somebody who is no member",
    ],
  ],
  comments: [
    ["alter policy select_member on api.comments using (true)", "comments", "Stella may not see a comment in Apollo"],
    [
      `alter policy select_member on api.comments using (${CONTRIBUTOR})`,
      "comments",
      "Vera may see a comment in Apollo",
    ],
    [
      `alter policy insert_contributor on api.comments with check (${MEMBER} and user_id = ${ME})`,
      "comments",
      "Vera may not comment in Apollo",
    ],
    [
      `alter policy insert_contributor on api.comments with check (${CONTRIBUTOR})`,
      "comments",
      "Cora may not comment in Arthur's name",
    ],
    ["drop policy insert_contributor on api.comments", "comments", "Cora may comment in Apollo"],
    [
      `alter policy update_author on api.comments using (${CONTRIBUTOR}) with check (true)`,
      "comments",
      "Cora may not edit Arthur's comment",
    ],
    [
      `alter policy update_author on api.comments using (user_id = ${ME}) with check (true)`,
      "comments",
      "Rita may not edit what Rita wrote while she contributed",
    ],
    ["drop policy update_author on api.comments", "comments", "Arthur may edit Arthur's comment"],
    [
      `alter policy delete_author_or_admin on api.comments using (${CONTRIBUTOR})`,
      "comments",
      "Cora may not delete Arthur's comment",
    ],
    [
      `alter policy delete_author_or_admin on api.comments using (user_id = ${ME} and ${CONTRIBUTOR})`,
      "comments",
      "Adam may delete Arthur's comment",
    ],
    [
      `alter policy delete_author_or_admin on api.comments using (user_id = ${ME} or ${ADMIN})`,
      "comments",
      "Rita may not delete what Rita wrote while she contributed",
    ],
    ["grant update (user_id) on api.comments to api_user", "comments", "nobody sets user_id"],
    [
      "alter function internal.fill_comment_project() security definer",
      "comments",
      "Stella may not tell a task of Apollo from a missing one",
    ],
  ],
  views: [
    [
      "alter view api.project_details set (security_invoker = false)",
      "views",
      "Stella may not see Apollo in project_details",
    ],
    [
      "alter view api.project_stats set (security_invoker = false)",
      "views",
      "Stella may not see Apollo in project_stats",
    ],
    [
      "alter view api.task_details set (security_invoker = false)",
      "views",
      "Stella may not see a task of Apollo in task_details",
    ],
    [
      "alter view api.user_profiles set (security_invoker = false)",
      "views",
      "Stella may not see Vera in user_profiles",
    ],
    [
      "create or replace view api.project_activity as select * from stats.project_activity",
      "views",
      "Stella may not see Apollo in project_activity",
    ],
    ["revoke select on api.task_details from api_user", "views", "Vera may see a task of Apollo in task_details"],
    ["grant update on api.user_profiles to api_user", "views", "users read user_profiles and write nothing through it"],
    [
      "create or replace view api.user_profiles with (security_invoker = true) as select id, name || '@example.com' as email, name, created_at from api.users",
      "views",
      "everybody reads their own e-mail address and nobody else's",
    ],
  ],
  functions: [
    [
      "grant execute on function api.register(text, text, text) to api_user",
      "functions",
      "Vera may not register, having a token",
    ],
    ["revoke execute on function api.register(text, text, text) from api_anonymous", "functions", "anybody registers"],
    [
      "grant execute on function api.refresh_project_stats() to api_user",
      "functions",
      "Vera may not recount the figures",
    ],
    [
      "create or replace function auth.require_project_role(project_id bigint, lowest_role text) returns void language sql as 'select'",
      "functions",
      "Vera may not add Stella to Apollo by her address",
    ],
    [
      "create or replace function auth.require_task_role(task_id bigint, lowest_role text) returns bigint language sql security definer as 'select project_id from api.tasks where id = task_id'",
      "functions",
      "Vera may not tag a task of Apollo",
    ],
    [
      "create or replace function auth.check_password(user_id bigint, password text) returns boolean language sql as 'select true'",
      "functions",
      "Vera may not change a password that they do not know",
    ],
    [
      "create or replace function auth.project_ids(lowest_role text default 'viewer') returns bigint[] language sql stable security definer as 'select array_agg(id) from api.projects'",
      "functions",
      "Stella may not find a task of Apollo by its words",
    ],
  ],
  tokens: [
    ["grant select on api.tasks to api_anonymous", "anonymous", "without a token nobody reads tasks"],
    [
      "grant delete on api.comments to api_anonymous",
      "anonymous",
      "without a token there is no delete from api.comments",
    ],
    [
      "grant execute on all functions in schema api to api_anonymous",
      "anonymous",
      "without a token nobody calls add_member",
    ],
    ["grant select on auth.credentials to api_user", "anonymous", "Vera may not read password hashes"],
    [
      "create or replace function auth.user_id() returns bigint language sql stable as $$ select (current_setting('request.jwt.claims')::json ->> 'user_id')::bigint $$",
      "claims",
      'the claim "abc" may not see a task',
    ],
    [
      "create or replace function auth.user_id() returns bigint language sql stable as $$ select coalesce(max(id), 0) from api.users $$",
      "claims",
      "the claim that is missing may not make a project",
    ],
    [
      "create or replace function auth.pre_request() returns void language sql as 'select'",
      "revoked_tokens",
      "Stella may not ask with a token that is over: delete from api.tasks",
    ],
    [
      "create or replace function auth.pre_request() returns void language plpgsql as $$ begin raise sqlstate 'PT401'; end $$",
      "revoked_tokens",
      "with a token from after the change of password, the same person sees what is theirs",
    ],
    ["create table api.forgotten (id integer)", "tables", "the tables of the API are those that are tested"],
    [
      "alter table stats.project_figures disable row level security",
      "tables",
      "stats.project_figures has row-level security",
    ],
    [
      "grant insert (id) on api.users to api_user",
      "tables",
      "api.users has a policy for all that is granted, and no other",
    ],
  ],
};

/** A test file without the assertions whose titles are others: a tenth of the time. Without any, the whole of it. */
function onlyWhatSays(title: string, script: string): string {
  const statements = script.split(/(?<=;\n)/);
  const isAssertion = (statement: string): boolean =>
    /^\s*select (?!no_plan|tests\.(as_|back_|create_|define_))/m.test(statement) && !statement.includes("finish()");
  const says = (statement: string): boolean =>
    [...statement.matchAll(/'((?:[^']|''){6,})'/g)].some(([, text = ""]) => {
      const words = text.replaceAll("''", "'");
      return title.startsWith(words) || title.endsWith(words);
    });
  const kept = statements.filter((statement) => !isAssertion(statement) || says(statement));
  return kept.some(isAssertion) ? kept.join("") : script;
}

// Policies mean the same on every version; once is enough.
describe("a test fails when somebody breaks", () => {
  describe.each(Object.entries(CELLS))("%s:", (_, mutations) => {
    test.each(mutations)("%s", async (damage, file, fails) => {
      const script = onlyWhatSays(fails, readPolicyTest(`${file}.sql`)).replace(/^begin;$/m, () => `begin; ${damage};`);
      const lines = await outputOf(client(), script);
      const failed = lines.flatMap((line) => /^not ok \d+ - (.*)$/.exec(line)?.[1] ?? []);
      expect(failed).toContain(fails);
    });
  });
});

// How long requests take on a million tasks, for callers who see nothing, little or a tenth of everything.
//
//   node bench/requests.mjs [--pg 15|16|17|18] [--wide] [--grouped] [--plans] [--tasks 1000000]
//   node bench/requests.mjs --seeded [--pg …] [--plans] [--tasks 1000000]
//
// The tasks are even ones that bench/sql/million.sql makes, or with --seeded the staging data of seeds/staging.ts.
// Each time is the server's own for one statement (EXPLAIN ANALYZE without timing of each node: planning, then
// execution), the median of several, in a transaction as PostgREST makes it. "owner" is the same statement without row
// level security, with the caller's projects spelt out where it says so.
import { parseArgs } from "node:util";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { beginAs, readRoleSettings } from "./support/postgrest.mjs";
import { loadStagingTasks, loadTasks, readWords, withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    wide: { type: "boolean", default: false },
    grouped: { type: "boolean", default: false },
    plans: { type: "boolean", default: false },
    tasks: { type: "string", default: "1000000" },
    seeded: { type: "boolean", default: false },
  },
});

const firstCaller = flags.seeded ? 1 : 997;
const CALLERS = ["none", "one, with 3 tasks", "ten, with 1,000 tasks", "a thousand, with 100,000 tasks"].map(
  (projects, index) => ({ userId: firstCaller + index, projects }),
);

const word = (query) => `search_vector @@ websearch_to_tsquery('english', '${query}')`;
const ORDERS = [
  { name: "by id", clause: "order by id limit 20" },
  { name: "by id, newest", clause: "order by id desc limit 20" },
  { name: "by created_at", clause: "order by created_at desc limit 20" },
  { name: "by due_date", clause: "order by due_date limit 20" },
  { name: "rare word", clause: `where ${word("$rare")} limit 20` },
  { name: "common word", clause: `where ${word("$common")} limit 20` },
  { name: "count", clause: undefined },
];

// `$project` is one of the caller's projects, `$task` one of its tasks; `$common`, `$rare` and `$tag` are words of the data.
const REQUESTS = [
  { name: "search_tasks, rare word", sql: "select * from api.search_tasks('$rare')" },
  { name: "search_tasks, common word", sql: "select * from api.search_tasks('$common')" },
  { name: "search_tasks, both, limit 20", sql: "select * from api.search_tasks('$rare $common') limit 20" },
  { name: "search_tasks, no such word", sql: "select * from api.search_tasks('nowhere')" },
  { name: "find_tasks, one in 1,000", sql: `select * from api.find_tasks('{"tags": ["$tag"]}')` },
  { name: "find_tasks, one in 10", sql: `select * from api.find_tasks('{"estimate": 7}')` },
  { name: "task_details of one project", sql: "select * from api.task_details where project_id = $project" },
  {
    name: "… pending, by due_date, limit 20",
    sql: "select * from api.task_details where project_id = $project and status = 'pending' order by due_date limit 20",
  },
  { name: "… of somebody else's", sql: "select * from api.task_details where project_id = 1234" },
  {
    name: "tasks of one project, by id, limit 20",
    sql: "select * from api.tasks where project_id = $project order by id limit 20",
  },
  { name: "task_details by id", sql: "select * from api.task_details where id = $task" },
  { name: "task_details, limit 20", sql: "select * from api.task_details order by id limit 20" },
  {
    name: "my tasks, limit 20",
    sql: "select * from api.task_details where assigned_to = $caller order by id limit 20",
  },
  { name: "comments of one task", sql: "select * from api.comments where task_id = $task order by id" },
  { name: "newest 20 comments", sql: "select * from api.comments order by id desc limit 20" },
  { name: "count of comments", sql: "select count(*) from api.comments" },
  { name: "project_details, limit 20", sql: "select * from api.project_details order by id limit 20" },
  { name: "project_details, all", sql: "select * from api.project_details" },
  { name: "project_stats, all", sql: "select * from api.project_stats" },
  { name: "project_activity, all", sql: "select * from api.project_activity" },
  { name: "user_profiles, limit 20", sql: "select * from api.user_profiles order by name limit 20" },
  { name: "one's own profile", sql: "select * from api.user_profiles where id = $caller" },
  { name: "members of one project", sql: "select * from api.project_members where project_id = $project" },
];

/** Planning and execution of a statement, ms: medians. */
async function explain(client, sql, rounds = 7) {
  const planning = [];
  const execution = [];
  for (let round = 0; round < rounds; round += 1) {
    const { rows } = await client.query(`explain (analyze, timing off, format json) ${sql}`);
    const [{ "Planning Time": plan, "Execution Time": execute }] = rows[0]["QUERY PLAN"];
    // The first run warms caches.
    if (round > 0) {
      planning.push(plan);
      execution.push(execute);
    }
    if (execute > 2000 && round > 1) break;
  }
  return { planning: median(planning), execution: median(execution) };
}

async function printPlan(client, title, sql) {
  const { rows } = await client.query(`explain (analyze, buffers, costs off) ${sql}`);
  console.log(`-- ${title}: ${sql}\n${rows.map((row) => row["QUERY PLAN"]).join("\n")}\n`);
}

await withDatabase({ major: flags.pg }, async ({ connect, urls, dir, version }) => {
  const owner = await connect("owner");
  const authenticator = await connect("authenticator");
  const layout = flags.grouped ? "grouped" : "mixed";
  const tasks = Number(flags.tasks);
  const loaded = flags.seeded
    ? await loadStagingTasks(owner, { dir, url: urls.owner, tasks })
    : await loadTasks(owner, { tasks, wide: flags.wide, layout });
  const kind = flags.seeded ? "of the staging data" : `${flags.wide ? "wide" : "narrow"} tasks, ${layout}`;
  printHead(`Requests: ${loaded.tasks} ${kind}`, version);
  const words = flags.seeded ? await readWords(owner) : { common: "common", rare: "rare", tag: "tag7" };
  const withWords = (sql) => sql.replaceAll(/\$(common|rare|tag)\b/g, (_, name) => words[name]);
  console.log(`api.tasks ${loaded.size}, its indexes ${loaded.indexes}; loaded in ${loaded.seconds.toFixed(0)} s\n`);

  const settings = await readRoleSettings(authenticator, "api_user");
  const asUser = async (userId, work) => {
    await beginAs(authenticator, { userId, settings });
    const result = await work(authenticator);
    await authenticator.query("rollback");
    return result;
  };
  // Without row level security and with the same planner settings: the floor of the same work.
  for (const [name, value] of settings) await owner.query("select set_config($1, $2, false)", [name, value]);

  const orderRows = [];
  let last = [];
  const select = ({ clause }) =>
    clause === undefined ? "select count(*) from api.tasks" : withWords(`select * from api.tasks ${clause}`);
  for (const { userId, projects } of CALLERS) {
    const cells = await asUser(userId, async (client) => {
      const found = [];
      for (const order of ORDERS) {
        if (flags.plans) await printPlan(client, `${projects}, ${order.name}`, select(order));
        found.push((await explain(client, select(order))).execution);
      }
      return found;
    });
    orderRows.push([projects, ...cells.map(ms)]);
    last = cells;
  }
  const floor = [];
  for (const order of ORDERS) floor.push((await explain(owner, select(order))).execution);
  orderRows.push(["owner: every task, no policies", ...floor.map(ms)]);
  const spelt = [];
  const { rows: mine } = await owner.query(
    "select array_agg(project_id) as ids from api.project_members where user_id = $1",
    [firstCaller + 3],
  );
  for (const order of ORDERS) {
    const where = `project_id = any ('{${mine[0].ids.join(",")}}')`;
    const clause = withWords(order.clause ?? "");
    const sql = `select ${order.clause === undefined ? "count(*)" : "*"} from api.tasks ${clause.startsWith("where") ? clause.replace("where", `where ${where} and`) : `where ${where} ${clause}`}`;
    spelt.push((await explain(owner, sql)).execution);
  }
  orderRows.push(["owner: the thousand spelt out", ...spelt.map(ms)]);
  orderRows.push(["a thousand, of that", ...last.map((cell, index) => ratio(cell / spelt[index]))]);
  console.log("Execution, ms: `GET /tasks?…&limit=20` by callers and orders\n");
  printTable(["caller's projects", ...ORDERS.map(({ name }) => name)], orderRows);

  const requestRows = [];
  const subjects = [];
  for (const { userId, projects } of [...CALLERS.slice(0, 1), ...CALLERS.slice(2)]) {
    const { rows } = await owner.query(
      `select m.project_id as project, t.id as task
       from api.project_members as m join api.tasks as t on t.project_id = m.project_id
       join api.comments as c on c.task_id = t.id
       where m.user_id = $1 order by t.id limit 1`,
      [userId],
    );
    subjects.push({ userId, projects, project: rows[0]?.project ?? 1, task: rows[0]?.task ?? 1 });
  }
  for (const { name, sql } of REQUESTS) {
    const row = [name];
    for (const { userId, projects, project, task } of subjects) {
      const filled = withWords(sql)
        .replaceAll("$project", project)
        .replaceAll("$task", task)
        .replaceAll("$caller", userId);
      const { planning, execution } = await asUser(userId, async (client) => {
        if (flags.plans) await printPlan(client, `${projects}, ${name}`, filled);
        return await explain(client, filled, 5);
      });
      row.push(`${ms(planning)} + ${ms(execution)}`);
    }
    requestRows.push(row);
  }
  console.log("Planning + execution, ms, by the caller's number of projects\n");
  printTable(["request", "none", "ten", "a thousand"], requestRows);

  for (const client of [owner, authenticator]) await client.query("select pg_stat_force_next_flush()");
  const { rows: usage } = await owner.query(
    `select s.indexrelname as index, s.idx_scan as scans
     from pg_stat_user_indexes as s
     where s.schemaname in ('api', 'auth', 'stats')
     order by s.idx_scan, s.indexrelname`,
  );
  console.log("How often these requests used each index\n");
  printTable(
    ["index", "scans"],
    usage.map(({ index, scans }) => [index, scans]),
  );
});

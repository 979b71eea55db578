// How long whole requests take on the staging data, p50 and p99, with one client and with eight at once: begin, claims,
// query and commit, as PostgREST makes them, beside the same transaction of the owner, whom no policy binds.
//
//   node bench/clients.mjs [--pg 15|16|17|18] [--scale 10] [--requests 200] [--clients 1,8]
import { parseArgs } from "node:util";
import { ms, printHead, printTable, ratio, time } from "./support/measure.mjs";
import { beginAs, readRoleSettings } from "./support/postgrest.mjs";
import { loadStaging, readWords, withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    scale: { type: "string", default: "10" },
    requests: { type: "string", default: "200" },
    clients: { type: "string", default: "1,8" },
  },
});

/** The staging data's callers, by the number of their projects. */
const CALLERS = [
  { userId: 3, projects: "ten" },
  { userId: 4, projects: "a thousand" },
];

// `$project` is one of the caller's projects, `$task` one of its tasks; `owner` is for whom no policy narrows: the
// caller's projects are spelt out as $mine.
const REQUESTS = [
  { name: "begin, claims and commit alone", sql: "select 1" },
  { name: "search_tasks, common word", sql: "select * from api.search_tasks('$common')" },
  { name: "search_tasks, rare word", sql: "select * from api.search_tasks('$rare')" },
  { name: "find_tasks by tag", sql: `select * from api.find_tasks('{"tags": ["$tag"]}')` },
  {
    name: "tasks by id, limit 20",
    sql: "select * from api.tasks order by id limit 20",
    owner: "select * from api.tasks where project_id = any ($mine) order by id limit 20",
  },
  {
    name: "tasks by due_date, limit 20",
    sql: "select * from api.tasks order by due_date limit 20",
    owner: "select * from api.tasks where project_id = any ($mine) order by due_date limit 20",
  },
  {
    name: "project_details, limit 20",
    sql: "select * from api.project_details order by id limit 20",
    owner: "select * from api.project_details where id = any ($mine) order by id limit 20",
  },
  {
    name: "project_stats",
    sql: "select * from api.project_stats",
    owner: "select * from api.project_stats where project_id = any ($mine)",
  },
  {
    name: "task_details of one project, limit 20",
    sql: "select * from api.task_details where project_id = $project order by id limit 20",
  },
  { name: "task_details by id", sql: "select * from api.task_details where id = $task" },
  { name: "comments of one task", sql: "select * from api.comments where task_id = $task order by id" },
  {
    name: "insert a task",
    method: "POST",
    sql: "insert into api.tasks (title, description, project_id) values ('One more', 'With a few words', $project) returning id",
  },
  {
    name: "change_task_status",
    method: "POST",
    sql: "select * from api.change_task_status($task, case when random() < 0.5 then 'pending' else 'completed' end)",
  },
];

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

const TURNS = 5;

/**
 * Two sides make so many requests each, all clients of a side at once, the sides in turns, so that whatever else the
 * machine does falls on both. p50 and p99 of each side, ms.
 */
async function measure(requests, ...sides) {
  const taken = sides.map(() => []);
  for (let turn = 0; turn <= TURNS; turn += 1) {
    for (const [side, { clients, request }] of sides.entries()) {
      const count = turn === 0 ? 5 : Math.ceil(requests / TURNS / clients.length);
      const many = async (client) => {
        for (let at = 0; at < count; at += 1) {
          const spent = await time(() => request(client));
          // The first turn fills caches.
          if (turn > 0) taken[side].push(spent);
        }
      };
      await Promise.all(clients.map(many));
    }
  }
  return taken.map((times) => {
    times.sort((a, b) => a - b);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  });
}

async function subjectOf(owner, userId) {
  const { rows } = await owner.query(
    `select m.project_id as project, t.id as task, (t.metadata -> 'tags' ->> 0) as tag
     from api.project_members as m
     join api.tasks as t on t.project_id = m.project_id
     where m.user_id = $1 and m.role <> 'viewer' and t.metadata ? 'tags'
       and exists (select from api.comments as c where c.task_id = t.id)
     order by t.id limit 1`,
    [userId],
  );
  const { rows: mine } = await owner.query(
    "select array_agg(project_id order by project_id) as ids from api.project_members where user_id = $1",
    [userId],
  );
  const { project, task, tag } = rows[0];
  const mineText = `'{${mine[0].ids.join(",")}}'`;
  return { project, task, tag, mine: mineText };
}

await withDatabase({ major: flags.pg }, async ({ connect, urls, dir, version }) => {
  const loaded = await loadStaging(dir, urls.owner, Number(flags.scale));
  const counts = flags.clients.split(",").map(Number);
  const many = Math.max(...counts);
  const connectAll = async (login) => await Promise.all(Array.from({ length: many }, () => connect(login)));
  const [owners, authenticators] = [await connectAll("owner"), await connectAll("authenticator")];
  const settings = await readRoleSettings(authenticators[0], "api_user");
  printHead(`Whole requests: staging data, scale ${flags.scale}`, version);
  console.log(`Loaded in ${(loaded.ms / 1000).toFixed(0)} s. Times in ms, p50 / p99\n`);

  const words = await readWords(owners[0]);
  for (const { userId, projects } of CALLERS) {
    const subject = { ...words, ...(await subjectOf(owners[0], userId)) };
    const fill = (sql) => sql.replaceAll(/\$([a-z]+)/g, (_, name) => subject[name]);
    const table = [];
    for (const { name, sql, owner: ownerSql, method } of REQUESTS) {
      const row = [name];
      for (const count of counts) {
        const as = (role, text) => async (client) => {
          await beginAs(client, { userId, settings, method, role });
          await client.query(fill(text));
          await client.query("commit");
        };
        const [floor, user] = await measure(
          Number(flags.requests),
          { clients: owners.slice(0, count), request: as(null, ownerSql ?? sql) },
          { clients: authenticators.slice(0, count), request: as("api_user", sql) },
        );
        row.push(
          `${ms(user.p50)} / ${ms(user.p99)}`,
          `${ms(floor.p50)} / ${ms(floor.p99)}`,
          ratio(user.p50 / floor.p50),
        );
      }
      table.push(row);
    }
    console.log(`A caller with ${projects} projects\n`);
    const heads = counts.flatMap((count) => [`${count} at once`, "owner", "ratio"]);
    printTable(["request", ...heads], table);
  }
  await measureDelete(owners[0], authenticators[0], settings);
});

/** Deleting the project nearest to 10,000 tasks, as its owner; rolled back, so that it can be done again. */
async function measureDelete(owner, authenticator, settings) {
  const { rows } = await owner.query(
    `select p.id as project, p.owner_id as user, f.total_tasks as tasks
     from api.projects as p join stats.project_figures as f on f.project_id = p.id
     order by abs(f.total_tasks - 10000) limit 1`,
  );
  const [{ project, user: userId, tasks }] = rows;
  const remove = (role) => async (client) => {
    await beginAs(client, { userId, settings, method: "DELETE", role });
    await client.query("delete from api.projects where id = $1", [project]);
    await client.query("rollback");
  };
  const taken = { user: [], owner: [] };
  for (let round = 0; round < 3; round += 1) {
    taken.owner.push(await time(() => remove(null)(owner)));
    taken.user.push(await time(() => remove("api_user")(authenticator)));
  }
  const best = (times) => ms(Math.min(...times));
  console.log(
    `Deleting a project with ${tasks} tasks: ${best(taken.user)} ms; as the database's owner: ${best(taken.owner)} ms\n`,
  );
}

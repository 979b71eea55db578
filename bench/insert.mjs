// What writing a task costs: with the figures of its project kept and its message sent, against twins of the same
// database that do without.
//
//   node bench/insert.mjs [--pg 15|16|17|18] [--rounds 400] [--bulk 1000000]
//
// The twins are copies of one database, in which triggers are dropped. Their inserts take turns, so that whatever else
// the machine does falls on all of them.
import { parseArgs } from "node:util";
import pg from "pg";
import { alternate, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { loadTasks, withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    rounds: { type: "string", default: "400" },
    bulk: { type: "string", default: "1000000" },
  },
});
const rounds = Number(flags.rounds);

const FIGURES = ["count_inserted", "count_updated", "count_deleted"];
const MESSAGES = ["notify_inserted", "notify_updated", "notify_deleted"];
const VARIANTS = [
  { name: "complete", drop: [] },
  { name: "no_figures", drop: FIGURES },
  { name: "no_messages", drop: MESSAGES },
  { name: "neither", drop: [...FIGURES, ...MESSAGES] },
];

/** Copies the database under other names, without some triggers. The template must have no other connection. */
async function makeTwins(url) {
  const at = (database) => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const template = new URL(url).pathname.slice(1);
  const maintenance = new pg.Client({ connectionString: at("postgres") });
  await maintenance.connect();
  const twins = [];
  for (const { name, drop } of VARIANTS) {
    await maintenance.query(`drop database if exists ${name}`);
    await maintenance.query(`create database ${name} template ${template}`);
    const client = new pg.Client({ connectionString: at(name) });
    await client.connect();
    for (const trigger of drop) await client.query(`drop trigger ${trigger} on api.tasks`);
    // Its own checkpoint and statistics must not fall into the measurement.
    await client.query("vacuum analyze api.tasks");
    twins.push({ name, client });
  }
  await maintenance.query("checkpoint").catch(() => {});
  await maintenance.end();
  return twins;
}

const ONE_ROW =
  "insert into api.tasks (title, description, project_id, created_by) values ('One more task', 'With a few words', $1, 1)";
const STATUS =
  "update api.tasks set status = case status when 'completed' then 'pending' else 'completed' end where id = $1";
const BULK = `insert into api.tasks (title, project_id, created_by)
  select 'Task ' || g, 1 + g % (select max(id) from api.projects), 1 from generate_series(1, $1::integer) as g`;

async function measureSize(tasks, bulk) {
  await withDatabase({ major: flags.pg }, async ({ connect, urls, version }) => {
    const owner = await connect("owner");
    await loadTasks(owner, { tasks });
    await owner.end();
    const twins = await makeTwins(urls.owner);
    printHead(`Inserts among ${tasks} tasks`, version);
    const rows = [];
    const add = (what, times) => {
      const [complete, noFigures, noMessages, neither] = times;
      rows.push([
        what,
        ...times.map(ms),
        ratio(complete / noFigures),
        ratio(complete / noMessages),
        ratio(complete / neither),
      ]);
    };
    let turn = 0;
    const project = () => 1 + ((turn += 1) % (tasks / 100));
    add(
      "one row",
      await alternate(
        twins.map(
          ({ client }) =>
            () =>
              client.query({ name: "one", text: ONE_ROW, values: [project()] }),
        ),
        rounds,
      ),
    );
    add(
      "a status",
      await alternate(
        twins.map(
          ({ client }) =>
            () =>
              client.query({ name: "status", text: STATUS, values: [1 + ((turn += 7919) % tasks)] }),
        ),
        rounds,
      ),
    );
    add(
      "one row, 10 at once in a project",
      await alternate(
        twins.map(
          ({ client }) =>
            () =>
              client.query(
                "insert into api.tasks (title, project_id, created_by) select 'One of ten', 1, 1 from generate_series(1, 10)",
              ),
        ),
        Math.ceil(rounds / 4),
      ),
    );
    if (bulk > 0) {
      // Once each, in reverse order of the work: what is first finds the coldest files.
      for (const { client } of twins) await client.query("set maintenance_work_mem = '256MB'");
      const times = new Map();
      for (const { name, client } of twins.toReversed()) {
        const start = performance.now();
        await client.query(BULK, [bulk]);
        times.set(name, performance.now() - start);
      }
      add(
        `${bulk.toLocaleString("en")} rows in one statement`,
        twins.map(({ name }) => times.get(name)),
      );
    }
    console.log("Times in ms; how many times as long the complete database takes as the one without\n");
    printTable(["insert", ...VARIANTS.map(({ name }) => name.replace("_", " ")), "figures", "messages", "both"], rows);
    await Promise.all(twins.map(({ client }) => client.end()));
  });
}

await measureSize(10_000, 0);
await measureSize(1_000_000, Number(flags.bulk));

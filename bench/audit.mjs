// tm-db audit on a large schema, beside what else reads a whole catalog, in the same run.
//
//   node bench/audit.mjs [--pg 15|16|17|18] [--tables 500] [--rounds 7]
//
// Whole processes, from start to end. Each table has four policies, two foreign keys, a view and a function, in a project of
// one migration and a file for each of the others. `pg_dump --schema-only` reads the same catalog and prints it all; it
// cannot read a server newer than itself (Debian's is 15). Once as it should be, and once with something to find in each
// table, whose place in the files is then looked for.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { audit, env, stop, up } from "../dist/index.js";
import { median, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { cleanEnvironment, copyProject, optionsFor, ROOT } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "15" },
    tables: { type: "string", default: "500" },
    rounds: { type: "string", default: "7" },
  },
});
const tables = Number(flags.tables);
const rounds = Number(flags.rounds);
const CLI = join(ROOT, "bin", "tm-db.js");
const BAR_MS = 1000;

function tableSql(name) {
  return [
    `create table api.${name} (`,
    "  id bigint generated always as identity primary key,",
    "  project_id bigint not null references api.projects on delete cascade,",
    "  author_id bigint references api.users on delete set null,",
    "  title text not null,",
    "  body text,",
    "  kind text not null default 'note' check (kind in ('note', 'letter')),",
    "  created_at timestamptz not null default now()",
    ");",
    `create index on api.${name} (project_id);`,
    `create index on api.${name} (author_id);`,
    `comment on table api.${name} is 'Notes.';`,
    ...["id", "project_id", "author_id", "title", "body", "kind", "created_at"].map(
      (column) => `comment on column api.${name}.${column} is 'What it is.';`,
    ),
    "",
  ].join("\n");
}

function policySql(name) {
  const condition = "(project_id = any ((select auth.project_ids())::bigint[]))";
  const policies = [
    ["select", `using ${condition}`],
    ["insert", `with check ${condition}`],
    ["update", `using ${condition} with check ${condition}`],
    ["delete", `using ${condition}`],
  ];
  return [
    `alter table api.${name} enable row level security;`,
    `grant select, insert (project_id, title, body, kind), update (title, body), delete on api.${name} to api_user;`,
    ...policies.map(([word, rest]) => `create policy ${word}_member on api.${name} for ${word} to api_user ${rest};`),
    "",
  ].join("\n");
}

function viewSql(name) {
  return [
    `create view api.${name}_titles with (security_invoker = true) as select t.id, t.title from api.${name} as t;`,
    `comment on view api.${name}_titles is 'Titles.';`,
    `comment on column api.${name}_titles.id is 'Number.';`,
    `comment on column api.${name}_titles.title is 'Title.';`,
    `grant select on api.${name}_titles to api_user;`,
    "",
  ].join("\n");
}

function functionSql(name) {
  return [
    `create function api.count_${name}() returns bigint language sql stable security definer set search_path = ''`,
    `as $$ select count(*) from api.${name} as t $$;`,
    `comment on function api.count_${name}() is 'How many. Definer, because it counts those of all.';`,
    `grant execute on function api.count_${name}() to api_user;`,
    "",
  ].join("\n");
}

function writeTables(dir) {
  const names = Array.from({ length: tables }, (_, index) => `notes_${String(index).padStart(4, "0")}`);
  const write = (path, text) => writeFileSync(join(dir, path), text);
  write("migrations/0100_many.sql", `-- Up Migration\n${names.map(tableSql).join("\n")}`);
  mkdirSync(join(dir, "policies/many"));
  mkdirSync(join(dir, "views/many"));
  mkdirSync(join(dir, "functions/many"));
  for (const name of names) {
    write(`policies/many/${name}.sql`, policySql(name));
    write(`views/many/${name}.sql`, viewSql(name));
    write(`functions/many/${name}.sql`, functionSql(name));
  }
  rmSync(join(dir, "migrations/tm-db.sum"), { force: true });
  return names;
}

/** Milliseconds of a program that must end with one of these exit codes. */
function timeProgram(file, args, options) {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(file, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  const taken = performance.now() - start;
  if (error !== undefined || (status !== 0 && status !== 1)) {
    throw new Error(`${file}: ${error?.message ?? stderr.toString()}`);
  }
  return taken;
}

function measure(works) {
  const taken = works.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [at, work] of works.entries()) {
      const time = work();
      if (round >= 0) taken[at].push(time);
    }
  }
  return taken.map(median);
}

const dir = copyProject();
process.env.TM_DB_DATA_HOME = dir;
const options = optionsFor(dir, flags.pg);
try {
  const names = writeTables(dir);
  const { database } = await up(options);
  const { DATABASE_URL: url } = (await env(options)).variables;
  const environment = { ...cleanEnvironment(dir), DATABASE_URL: url };
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("analyze");
  const command = (...args) =>
    timeProgram(process.execPath, [CLI, "audit", "--quiet", ...args], { cwd: dir, env: environment });
  const hasDump = spawnSync("pg_dump", ["--schema-only", url], { stdio: "ignore" }).status === 0;
  const works = [
    ["tm-db audit", () => command()],
    ["tm-db audit --rule rls-disabled", () => command("--rule", "rls-disabled")],
    ["node -e 0", () => timeProgram(process.execPath, ["-e", "0"], { env: environment })],
    ...(hasDump ? [["pg_dump --schema-only", () => timeProgram("pg_dump", ["--schema-only", url], {})]] : []),
  ];
  const times = measure(works.map(([, work]) => work));
  const clean = await audit({ ...options, pg: undefined, databaseUrl: url });
  for (const name of names) await client.query(`alter table api.${name} disable row level security`);
  const [finding] = measure([() => command()]);
  const found = await audit({ ...options, pg: undefined, databaseUrl: url });
  await client.end();
  printHead(
    `Audit of ${tables} tables with ${4 * tables} policies, ${tables} views and ${tables} functions`,
    database.version,
  );
  const dump = times[works.findIndex(([name]) => name.startsWith("pg_dump"))];
  const row = (name, time) => [name, ms(time), ratio(time / BAR_MS), dump === undefined ? "–" : ratio(time / dump)];
  printTable(
    [`${tables} tables`, "ms", `of ${BAR_MS} ms`, "of pg_dump"],
    [
      ...works.map(([name], at) => row(name, times[at])),
      row(`tm-db audit, ${found.findings.length} findings (${clean.findings.length} before)`, finding),
    ],
  );
} finally {
  await stop(options);
  rmSync(dir, { recursive: true, force: true });
}

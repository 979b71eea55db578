// What loading the staging data costs, against the least that loading the same rows can cost: psql's \copy from files,
// into the same tables with the same constraints and indexes in place.
//
//   node bench/seed.mjs [--pg 15|16|17|18] [--scale 1] [--rounds 3] [--insert]
//
// Needs psql: on the PATH, or named by PSQL. Each way fills a database of its own, a copy of one that is empty, and they
// take turns. The triggers are off for all.
import { execFile } from "node:child_process";
import { cpSync, createReadStream, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs, promisify } from "node:util";
import pg from "pg";
import { seed } from "../dist/index.js";
import { median, printHead, printTable, ratio, time } from "./support/measure.mjs";
import { cleanEnvironment, ROOT, withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "3" },
    insert: { type: "boolean", default: false },
  },
});

const TABLES = {
  "api.users": "id, email, name, created_at",
  "auth.credentials": "user_id, password_hash",
  "api.projects": "id, name, description, owner_id, created_at, updated_at",
  "api.project_members": "project_id, user_id, role, joined_at",
  "api.tasks":
    "id, title, description, status, due_date, project_id, assigned_to, created_by, metadata, created_at, updated_at",
  "api.comments": "id, content, task_id, project_id, user_id, created_at, updated_at",
};

function findPsql() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toReversed() : [];
  return process.env.PSQL ?? versions.map((version) => `${debian}/${version}/bin/psql`).find(existsSync) ?? "psql";
}

const psqlProgram = findPsql();

/** Runs a script of psql's own commands; the address goes by the environment, since it holds a password. */
async function psql(url, script, file) {
  writeFileSync(file, script);
  const { hostname, port, username, password, pathname } = new URL(url);
  await promisify(execFile)(psqlProgram, ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file], {
    env: {
      PATH: process.env.PATH,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: pathname.slice(1),
    },
  });
}

async function withConnection(url, callback) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await callback(client);
  } finally {
    await client.end();
  }
}

const triggers = (state) =>
  Object.keys(TABLES)
    .map((table) => `alter table ${table} ${state} trigger user;`)
    .join("\n");

const VALUES_OF_COPY = { "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\" };
const unescapeCopy = (field) =>
  field === "\\N" ? null : field.replaceAll(/\\[nrt\\]/g, (found) => VALUES_OF_COPY[found]);

/** 500 rows a statement, as parameters. */
async function insertFile(client, table, file) {
  const columns = TABLES[table].split(", ");
  const override = columns[0] === "id" ? "overriding system value" : "";
  let batch = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const places = batch.map(
      (_, row) => `(${columns.map((__, at) => `$${row * columns.length + at + 1}`).join(", ")})`,
    );
    await client.query({
      name: `${table} ${batch.length}`,
      text: `insert into ${table} (${columns.join(", ")}) ${override} values ${places.join(", ")}`,
      values: batch.flat(),
    });
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    batch.push(line.split("\t").map(unescapeCopy));
    if (batch.length === 500) await flush();
  }
  await flush();
}

await withDatabase({ major: flags.pg }, async ({ urls, dir, version }) => {
  cpSync(join(ROOT, "seeds"), join(dir, "seeds"), { recursive: true });
  const at = (database) => Object.assign(new URL(urls.owner), { pathname: `/${database}` }).href;
  const template = new URL(urls.owner).pathname.slice(1);
  const recreate = async (name) => {
    await withConnection(at("postgres"), async (client) => {
      await client.query(`drop database if exists ${name} with (force)`);
      await client.query(`create database ${name} template ${template}`);
    });
    return at(name);
  };
  const file = (table) => join(dir, `${table}.copy`);
  const script = join(dir, "script.sql");
  let memory = 0;
  const seedInto = async (url, options) => {
    const onEvent = () => (memory = Math.max(memory, process.memoryUsage().rss));
    const base = { projectDir: dir, env: cleanEnvironment(dir), databaseUrl: url, name: "staging" };
    return await seed({ ...base, scale: Number(flags.scale), onEvent, confirm: () => true, ...options });
  };
  const sumOf = ({ tables, putAside }) => tables.reduce((sum, table) => sum + table.ms, putAside.ms);

  const first = await seedInto(await recreate("first"), {});
  const rows = first.tables.reduce((sum, table) => sum + table.rows, 0);
  const exports = Object.entries(TABLES).map(
    ([table, columns]) => `\\copy (select ${columns} from ${table} order by 1, 2) to '${file(table)}'`,
  );
  await psql(at("first"), exports.join("\n"), script);
  const bytes = Object.keys(TABLES).reduce((sum, table) => sum + statSync(file(table)).size, 0);

  const copies = Object.entries(TABLES).map(([table, columns]) => `\\copy ${table} (${columns}) from '${file(table)}'`);
  const WAYS = [
    {
      name: "psql \\copy, everything in place (the floor)",
      run: async () => {
        const url = await recreate("floor");
        await withConnection(url, (client) => client.query(triggers("disable")));
        return { load: await time(() => psql(url, ["begin;", ...copies, "commit;"].join("\n"), script)) };
      },
    },
    {
      name: "tm-db seed --keep-indexes",
      run: async () => {
        const result = await seedInto(await recreate("kept"), { keepIndexes: true });
        return { load: sumOf(result), total: result.ms };
      },
    },
    {
      name: "tm-db seed",
      run: async () => {
        const result = await seedInto(await recreate("aside"), {});
        return { load: sumOf(result), total: result.ms };
      },
    },
    ...(flags.insert
      ? [
          {
            name: "INSERT of 500 rows a statement, everything in place",
            run: async () => {
              const url = await recreate("inserted");
              return await withConnection(url, async (client) => {
                await client.query(triggers("disable"));
                await client.query("begin");
                const load = await time(async () => {
                  for (const table of Object.keys(TABLES)) await insertFile(client, table, file(table));
                  await client.query("commit");
                });
                return { load };
              });
            },
          },
        ]
      : []),
  ];
  const taken = WAYS.map(() => []);
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    for (const [index, { run }] of WAYS.entries()) taken[index].push(await run());
  }
  for (const table of Object.keys(TABLES)) rmSync(file(table));

  printHead(`Seeds: staging, scale ${flags.scale}`, version);
  console.log(
    `${rows.toLocaleString("en")} rows, ${Math.round(bytes / 2 ** 20)} MB; ${first.putAside.indexes} indexes and ${first.putAside.foreignKeys} foreign keys put aside; ${Math.round(memory / 2 ** 20)} MB of memory at most\n`,
  );
  const floor = median(taken[0].map(({ load }) => load));
  const seconds = (value) => (value / 1000).toFixed(1);
  printTable(
    ["load", "rows, s", "rows/s", "times the floor's rows/s", "whole command, s"],
    WAYS.map(({ name }, index) => {
      const load = median(taken[index].map((each) => each.load));
      const totals = taken[index].flatMap(({ total }) => total ?? []);
      return [
        name,
        seconds(load),
        Math.round(rows / (load / 1000)).toLocaleString("en"),
        ratio(floor / load),
        totals.length === 0 ? "" : seconds(median(totals)),
      ];
    }),
  );
});

// A temporary project on a server of its own, with its data in memory where the machine has such a folder: disks differ
// too much to compare anything on them.
import { appendFileSync, chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { env, seed, stop, up } from "../../dist/index.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

// Ids and counts as numbers.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A copy of the project's files without development data; the caller removes it. */
export function copyProject() {
  const dir = mkdtempSync(join(scratch(), "tm-db-bench-"));
  // Under root the server is somebody else, who has to pass.
  chmodSync(dir, 0o755);
  for (const name of ["migrations", "functions", "views", "policies", "tm-db.config.json"]) {
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  }
  return dir;
}

function scratch() {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

/** The variables that a benchmark's commands see: this process's, without a server that somebody else chose. */
export function cleanEnvironment(dir) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|TM_DB_|DATABASE_URL)/.test(name));
  return { ...Object.fromEntries(kept), TM_DB_DATA_HOME: dir };
}

/** Options for the functions of dist/index.js. */
export function optionsFor(dir, major) {
  return { projectDir: dir, env: cleanEnvironment(dir), pg: major, onEvent: () => {} };
}

/**
 * Builds the database in a temporary project and calls back with a way in: `connect("owner")` or
 * `connect("authenticator")`. Stops the server and removes the project at the end, and when interrupted.
 */
export async function withDatabase({ major }, callback) {
  const dir = copyProject();
  process.env.TM_DB_DATA_HOME = dir;
  const options = optionsFor(dir, major);
  const clients = [];
  const close = async () => {
    await Promise.allSettled(clients.map((client) => client.end()));
    await stop(options);
    rmSync(dir, { recursive: true, force: true });
  };
  const onSignal = () => {
    close().finally(() => process.exit(130));
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    await up(options);
    await stop(options);
    enlargeMemory(dir);
    const { database } = await up(options);
    const { variables } = await env(options);
    const urls = { owner: variables.DATABASE_URL, authenticator: variables.PGRST_DB_URI };
    const connect = async (login) => {
      const client = new pg.Client({ connectionString: urls[login] });
      client.on("error", () => {});
      await client.connect();
      clients.push(client);
      return client;
    };
    return await callback({ connect, urls, dir, version: database.version });
  } finally {
    await close();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** A million tasks fit into the memory of a server that is meant for them; PostgreSQL's default is 128 MB. */
function enlargeMemory(dir) {
  const [config] = readdirSync(dir, { recursive: true }).filter((name) => /pg\d+[\\/]postgresql\.conf$/.test(name));
  appendFileSync(join(dir, config), "\nshared_buffers = '2GB'\neffective_cache_size = '6GB'\nmax_wal_size = '4GB'\n");
}

/** Loads the staging data; says how long it took. */
export async function loadStaging(dir, url, scale) {
  cpSync(join(ROOT, "seeds"), join(dir, "seeds"), { recursive: true });
  const base = {
    projectDir: dir,
    env: cleanEnvironment(dir),
    databaseUrl: url,
    onEvent: () => {},
    confirm: () => true,
  };
  return await seed({ ...base, name: "staging", scale });
}

/** Loads bench/sql/million.sql; says how long it took. */
export async function loadTasks(owner, { tasks = 1_000_000, projects, wide = false, layout = "mixed" } = {}) {
  const start = performance.now();
  const settings = { tasks, projects: projects ?? tasks / 100, wide, layout };
  for (const [name, value] of Object.entries(settings)) {
    await owner.query("select set_config($1, $2, false)", [`bench.${name}`, String(value)]);
  }
  await owner.query("set maintenance_work_mem = '512MB'");
  await owner.query(readFileSync(new URL("../sql/million.sql", import.meta.url), "utf8"));
  await owner.query("vacuum analyze");
  return { ...(await readSizes(owner)), seconds: (performance.now() - start) / 1000 };
}

async function readSizes(owner) {
  const { rows } = await owner.query(
    "select count(*) as tasks, pg_size_pretty(pg_table_size('api.tasks')) as size, pg_size_pretty(pg_indexes_size('api.tasks')) as indexes from api.tasks",
  );
  return rows[0];
}

/** Loads so many tasks of the staging data; says the same as `loadTasks`. */
export async function loadStagingTasks(owner, { dir, url, tasks }) {
  const { ms } = await loadStaging(dir, url, tasks / 100_000);
  return { ...(await readSizes(owner)), seconds: ms / 1000 };
}

/** A word of the staging data that many tasks have, one that about one in 500 has, and a tag. */
export async function readWords(owner) {
  const { rows } = await owner.query(
    `select word, ndoc::float8 / (select count(*) from api.tasks where id % 20 = 0) as share
     from ts_stat('select search_vector from api.tasks where id % 20 = 0')
     where word ~ '^[a-z]{4,}$'
     order by ndoc desc, word`,
  );
  const { rows: tags } = await owner.query(
    `select metadata -> 'tags' ->> 0 as tag from api.tasks where id % 20 = 0 and metadata ? 'tags'
     group by 1 order by abs(count(*) - (select count(*) from api.tasks where id % 20 = 0) / 1000.0), 1 limit 1`,
  );
  const rare = rows.toSorted((a, b) => Math.abs(a.share - 0.002) - Math.abs(b.share - 0.002))[0];
  return { common: rows[0].word, rare: rare.word, tag: tags[0].tag };
}

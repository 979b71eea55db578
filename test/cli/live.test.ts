import pg from "pg";
import { expect, test } from "vitest";
import { type CliProject, cliProject, readEnv } from "./run-cli.ts";

/** A garden: beds, and who may see them. */
const GARDEN = {
  "migrations/0001_garden.sql":
    "-- Up Migration\ncreate schema garden;\ncreate table garden.beds (id int primary key, plant text);\n" +
    "-- Down Migration\ndrop table garden.beds;\ndrop schema garden;\n",
  "policies/garden/beds.sql":
    "alter table garden.beds enable row level security;\ncreate policy everybody on garden.beds for select to public using (true);\n",
};

async function garden(): Promise<{ project: CliProject; query: (sql: string) => Promise<void> }> {
  const project = cliProject("empty");
  project.write(GARDEN);
  expect(await project.run(["migrate"])).toMatchObject({ code: 0 });
  const { DATABASE_URL } = await readEnv(project);
  const query = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: DATABASE_URL });
    await client.connect();
    await client.query(sql).finally(async () => await client.end());
  };
  return { project, query };
}

test("drift exits with 0 or 1, tells what somebody did by hand, and its SQL takes it back", async () => {
  const { project, query } = await garden();
  expect(await project.run(["drift"])).toMatchObject({ code: 0, stdout: expect.stringContaining("no drift") });
  await query(
    "drop policy everybody on garden.beds; create function garden.mine() returns int language sql as 'select 1'",
  );
  const { code, stdout, stderr } = await project.run(["drift"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toContain("missing: policy everybody on garden.beds");
  expect(stdout).toContain("too much: function garden.mine()");
  const status = await project.run(["status"]);
  expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/orphan +function garden\.mine\(\)/) });
  const json = await project.run(["drift", "--json"]);
  expect({ code: json.code, ...JSON.parse(json.stdout) }).toMatchObject({ code: 1, ok: true, equal: false, sql: null });
  const script = await project.run(["drift", "--sql"]);
  expect(script.code).toBe(1);
  await query(script.stdout);
  expect((await project.run(["drift", "--sql"])).code).toBe(0);
});

test("plan shows what migrate would do, and with --max-lock is a gate", async () => {
  const { project } = await garden();
  project.write({
    "migrations/0002_sun.sql": "alter table garden.beds add column sun boolean;\nselect pg_sleep(0.05);\n",
  });
  const plain = await project.run(["plan"]);
  expect(plain).toMatchObject({ code: 0, stdout: expect.stringContaining("would migrate  migrations/0002_sun.sql") });
  const locks = await project.run(["plan", "--locks"]);
  expect(locks).toMatchObject({ code: 0, stdout: expect.stringContaining("locks garden.beds (access-exclusive)") });
  expect(locks.stdout).toContain("times are those of empty tables");
  const gate = await project.run(["plan", "--max-lock", "access-exclusive:20ms"]);
  expect(gate).toMatchObject({ code: 1, stdout: expect.stringContaining("too long access-exclusive on garden.beds") });
  expect(await project.run(["plan", "--max-lock", "access-exclusive:60s"])).toMatchObject({ code: 0 });
  const wrong = await project.run(["plan", "--max-lock", "sometimes"]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("access-exclusive:50ms") });
  expect(await project.run(["status", "--check"])).toMatchObject({ code: 1 });
});

test("adopt refuses what differs, and takes what is equal", async () => {
  const { project, query } = await garden();
  const again = await project.run(["adopt"]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("ALREADY_DEPLOYED") });
  await query("drop schema tm_db cascade; alter table garden.beds add column weeds int");
  const missing = await project.run(["drift"]);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("npx tm-db adopt") });
  const refused = await project.run(["adopt"]);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("made by no file: column garden.beds.weeds"),
  });
  await query("alter table garden.beds drop column weeds");
  const dry = await project.run(["adopt", "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("would adopt  migrations/0001_garden.sql") });
  expect(await project.run(["adopt"])).toMatchObject({ code: 0, stdout: expect.stringContaining("adopted 2 files") });
  expect(await project.run(["migrate"])).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to do") });
  expect(await project.run(["rollback", "--all", "--yes"])).toMatchObject({ code: 0 });
});

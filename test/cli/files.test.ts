import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasDocker } from "../support/docker.ts";
import { cliProject } from "./run-cli.ts";

const DROP = "-- Up Migration\nalter table api.a drop column b;\n-- Down Migration\nselect 1;\n";

describe("lint", () => {
  test("says what, where and how to mend it, and exits with 1; without findings with 0", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": DROP });
    const found = await project.run(["lint"]);
    expect(found).toMatchObject({ code: 1, stderr: "" });
    expect(found.stdout.split("\n")).toEqual([
      "warning ban-drop-column Dropping a column may break existing clients.",
      "  at migrations/0001_a.sql:2:19",
      "  2 | alter table api.a drop column b;",
      "    |                   ^",
      "  see  https://squawkhq.com/docs/ban-drop-column",
      "",
      "1 finding in 1 migration (all, since no server is running to say which are pending) and 0 other files",
      "",
    ]);
    project.write({ "tm-db.config.json": '{ "lint": { "ignore": ["ban-drop-column"] } }' });
    expect(await project.run(["lint", "--all"])).toEqual({
      code: 0,
      stdout: "no findings in 1 migration (all) and 0 other files\n",
      stderr: "",
    });
  });

  test("prints annotations for GitHub, and JSON, errors included", async () => {
    const project = cliProject("empty");
    project.write({ "migrations/0001_a.sql": DROP });
    expect(await project.run(["lint", "--format", "github"])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^::warning file=migrations\/0001_a\.sql,line=2,col=19,title=ban-drop-column::Dropping .*\n$/,
      ),
    });
    const json = await project.run(["lint", "--format=json", "migrations"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      scope: "named",
      findings: [{ rule: "ban-drop-column" }],
    });
    const refused = await project.run(["lint", "--format", "json", "nothing.sql"]);
    expect({ code: refused.code, ...JSON.parse(refused.stdout) }).toMatchObject({ code: 2, error: { code: "USAGE" } });
  });

  test("leaves nothing behind: no server, no file", async () => {
    const project = cliProject("reference");
    expect(await project.run(["lint"])).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(project.dir, ".tm-db"))).toBe(false);
  });
});

test("new lists its migration; one made by hand is refused until sum lists it", async () => {
  const project = cliProject("empty");
  expect(await project.run(["new", "a"])).toMatchObject({ code: 0, stdout: "migrations/0001_a.sql\n" });
  project.write({ "migrations/0002_b.sql": "select 1;\n" });
  expect(await project.run(["lint"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/SUM_MISMATCH[\s\S]*added: migrations\/0002_b\.sql[\s\S]*npx tm-db sum/),
  });
  expect(await project.run(["sum"])).toMatchObject({
    code: 0,
    stdout: "  added    0002_b.sql\nmigrations/tm-db.sum\n",
  });
  expect(await project.run(["sum"])).toMatchObject({ stdout: "migrations/tm-db.sum says what is there\n" });
  expect(await project.run(["lint"])).toMatchObject({ code: 0 });
});

test("dbmate's files are refused, and imported from where they are moved to", async () => {
  const project = cliProject("empty");
  const files = "-- migrate:up\ncreate table a (id bigint);\n-- migrate:down\ndrop table a;\n";
  project.write({ "migrations/1_a.sql": files, "dbmate/1_a.sql": files, "dbmate/notes.txt": "" });
  expect(await project.run(["migrate"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/MIGRATION_FORM[\s\S]*migrations\/1_a\.sql:1:1[\s\S]*npx tm-db import dbmate/),
  });
  expect(await project.run(["import", "dbmate"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("MIGRATION_FORM"),
  });
  project.write({ "migrations/1_a.sql": "select 1;\n" });
  expect(await project.run(["import", "dbmate"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/FILE_EXISTS[\s\S]*migrations\/1_a\.sql/),
  });
  project.write({ "dbmate/2_b.sql": files });
  const dry = await project.run(["import", "dbmate", "--dry-run"]);
  expect(dry.stdout.split("\n")).toEqual([
    "  would write  migrations/1_a.sql from dbmate/1_a.sql",
    "  would write  migrations/2_b.sql from dbmate/2_b.sql",
    "  left  dbmate/notes.txt: its name is no migration's",
    "2 files to write; nothing was written",
    "",
  ]);
  expect(existsSync(join(project.dir, "migrations/2_b.sql"))).toBe(false);
});

test.skipIf(hasDocker)("a container that cannot be had is said with what to do without one", async () => {
  const project = cliProject("empty");
  const run = await project.run(["verify", "--image", "postgres:17", "--json"]);
  expect({ code: run.code, ...JSON.parse(run.stdout) }).toMatchObject({
    code: 2,
    ok: false,
    error: { code: "CONTAINER_UNAVAILABLE", hint: expect.stringContaining("embedded server") },
  });
  expect(await project.run(["verify", "--server", "container", "--pg", "17"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("USAGE"),
  });
});

test("resolve without a choice names both, and what each is for", async () => {
  const { code, stderr } = await cliProject("empty").run(["resolve", "0005"]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/resolve 0005 --rolled-back {3}if nothing .* resolve 0005 --applied\n/),
  });
});

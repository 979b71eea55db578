import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { lint, type LintOptions } from "../../../src/app/lint.ts";
import type { LintResult } from "../../../src/core/command-result.ts";
import { temporaryProject } from "../../support/temporary-project.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

async function lintFiles(
  files: Readonly<Record<string, string>>,
  options: Partial<LintOptions> = {},
): Promise<LintResult> {
  return await lint({ ...temporaryProject(files), ...options });
}

function places({ findings }: LintResult): string[] {
  return findings.map(({ rule, location: { file, line, column } }) => `${file}:${line}:${column} ${rule}`);
}

test("the reference database has no finding that is not explained in its files", async () => {
  const result = await lint({ projectDir: ROOT, env: {}, onEvent: () => {}, all: true });
  expect(places(result)).toEqual([]);
  expect(result.migrations).toBeGreaterThan(5);
  expect(result.repeatables).toBeGreaterThan(50);
});

test("a way up is linted at its own lines, and a way back only for its syntax", async () => {
  const up = '-- Up Migration\nalter table api.a\n  drop column "é",\n  drop column b;\n';
  const down = "\n-- Down Migration\ndrop table api.b;\n";
  const result = await lintFiles({ "migrations/0001_a.sql": `-- Why.\n${up}${down}` });
  expect(places(result)).toEqual([
    "migrations/0001_a.sql:4:3 ban-drop-column",
    "migrations/0001_a.sql:5:3 ban-drop-column",
  ]);
  const upside = await lintFiles({ "migrations/0001_a.sql": `${down.trim()}\n${up}` });
  expect(places(upside)).toEqual([
    "migrations/0001_a.sql:5:3 ban-drop-column",
    "migrations/0001_a.sql:6:3 ban-drop-column",
  ]);
  const broken = await lintFiles({
    "migrations/0001_a.sql": "select 1;\n-- Down Migration\nselect 1 frm;\n;;drop tabel x;",
  });
  expect(places(broken)).toEqual(["migrations/0001_a.sql:4:8 syntax-error"]);
});

test("a script is linted by the SQL that it builds, which the finding shows", async () => {
  const script = 'exports.up = (pgm) => pgm.dropColumn("tasks", "notes");\nexports.down = false;\n';
  const result = await lintFiles({ "migrations/0001_a.js": script });
  expect(places(result)).toEqual(["migrations/0001_a.js:1:1 ban-drop-column"]);
  expect(result.findings[0]?.sql).toMatch(/^DROP "notes";$/);
});

test("what migrate would refuse is an error, file by file, and does not hide the rest", async () => {
  const result = await lintFiles({
    "migrations/0001_a.sql": "select 1;\nbegin;\n",
    "migrations/0002_b.ts": "export const nothing = 1;\n",
    "functions/api/f.sql":
      "create function api.f() returns int language sql security definer as 'select 1';\nselect 1;\ndrop function api.g();\n",
    "views/api/v.sql": "create view v as select 1 as a;\n",
    "views/api/w.sql": "select 1;\ncreate vieuw api.w as select 1;\n",
    "policies/api/a.sql": "create view api.w as select 1 as a;\n",
  });
  expect(places(result)).toEqual([
    "functions/api/f.sql:1:1 definer-search-path",
    "functions/api/f.sql:2:1 refused-statement",
    "functions/api/f.sql:3:1 refused-statement",
    "migrations/0001_a.sql:2:1 invalid-migration",
    "migrations/0002_b.ts:1:1 invalid-migration",
    "policies/api/a.sql:1:1 view-security-invoker",
    "policies/api/a.sql:1:1 refused-statement",
    "views/api/v.sql:1:1 refused-statement",
    "views/api/w.sql:2:8 syntax-error",
  ]);
  expect(result.findings.filter(({ severity }) => severity === "error")).toHaveLength(7);
});

const TWICE = "create view api.v with (security_invoker) as select 1 as a;\n";

test("two files that declare the same are told apart", async () => {
  const result = await lintFiles({ "views/api/v.sql": TWICE, "views/api/w.sql": TWICE });
  expect(places(result)).toEqual(["views/api/w.sql:1:1 declared-twice"]);
  const named = await lintFiles({ "views/api/v.sql": TWICE, "views/api/w.sql": TWICE }, { files: ["views/api/v.sql"] });
  expect(places(named)).toEqual([]);
});

const DROP = "alter table api.a drop column b;\n";

test("named files are linted alone; without a running server, every migration", async () => {
  const files = { "migrations/0001_a.sql": DROP, "migrations/0002_b.sql": DROP, "views/api/v.sql": "select 1;" };
  expect(await lintFiles(files)).toMatchObject({ scope: "no server", database: null, migrations: 2, repeatables: 1 });
  expect(await lintFiles(files, { all: true })).toMatchObject({ scope: "all", migrations: 2 });
  const named = await lintFiles(files, { files: ["./migrations/0002_b.sql"] });
  expect(named).toMatchObject({ scope: "named", migrations: 1, repeatables: 0 });
  expect(places(named)).toEqual(["migrations/0002_b.sql:1:19 ban-drop-column"]);
  expect(await lintFiles(files, { files: ["migrations/"] })).toMatchObject({ migrations: 2, repeatables: 0 });
  await expect(lintFiles(files, { files: ["migrations/0003.sql"] })).rejects.toMatchObject({
    code: "USAGE",
    problems: [{ message: "migrations/0003.sql" }],
  });
});

test("a server that was named and does not answer is no reason to lint something else", async () => {
  const files = { "migrations/0001_a.sql": DROP };
  const databaseUrl = "postgres://nobody@127.0.0.1:1/nothing";
  await expect(lintFiles(files, { databaseUrl })).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});

test("an interrupted lint ends at once", async () => {
  const signal = AbortSignal.abort();
  await expect(lintFiles({ "migrations/0001_a.sql": DROP }, { signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
});

test("settings and comments ignore rules", async () => {
  const files = {
    "migrations/0001_a.sql": DROP,
    "migrations/0002_b.sql": `-- squawk-ignore ban-drop-column\n${DROP}${DROP}`,
    "views/api/v.sql":
      "-- tm-db: ignore view-security-invoker: counts rows of everybody\ncreate view api.v as select 1;\n",
    "tm-db.config.json": JSON.stringify({ lint: { ignore: ["ban-drop-column migrations/0001_a.sql"] } }),
  };
  expect(places(await lintFiles(files))).toEqual(["migrations/0002_b.sql:3:19 ban-drop-column"]);
  const everywhere = { ...files, "tm-db.config.json": JSON.stringify({ lint: { ignore: ["ban-drop-column"] } }) };
  expect(places(await lintFiles(everywhere))).toEqual([]);
});

test("row level security counts wherever it is enabled, in a migration too", async () => {
  const policy = "create policy p on api.a for select to u using (true);\n";
  const enable = "alter table api.a enable row level security;\n";
  expect(places(await lintFiles({ "policies/api/a.sql": policy }))).toEqual([
    "policies/api/a.sql:1:1 policy-without-rls",
  ]);
  expect(places(await lintFiles({ "policies/api/a.sql": policy, "migrations/0001_a.sql": enable }))).toEqual([]);
});

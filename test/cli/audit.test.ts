import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliProject } from "./run-cli.ts";

test("audit says what it found and exits with 1; reports go where they are asked for; --fail-on decides", async () => {
  const project = cliProject("reference");
  const view = readFileSync(join(project.dir, "views/api/project_stats.sql"), "utf8");
  project.write({ "views/api/project_stats.sql": view.replace("security_invoker = true", "security_invoker = false") });
  await project.run(["up", "--quiet"]);

  const text = await project.run(["audit"]);
  expect(text).toMatchObject({ code: 1, stderr: "" });
  expect(text.stdout).toContain(
    "error view-security-invoker view api.project_stats reads api.projects, stats.project_figures with the rights of its owner, for whom no policy holds\n" +
      "  at views/api/project_stats.sql:1:1\n",
  );
  expect(text.stdout).toContain("  fix alter view api.project_stats set (security_invoker = true);\n");

  const github = await project.run(["audit", "--format", "github"]);
  expect(github).toMatchObject({ code: 1, stderr: "" });
  expect(github.stdout).toMatch(
    /^::error file=views\/api\/project_stats\.sql,line=1,col=1,title=view-security-invoker::view api\.project_stats .+\n$/,
  );

  const report = await project.run(["audit", "--format", "sarif", "--output", "audit.sarif", "--fail-on", "never"]);
  expect(report.code).toBe(0);
  expect(report.stdout).toContain("1 error of ");
  const log = JSON.parse(readFileSync(join(project.dir, "audit.sarif"), "utf8")) as { version: string; runs: object[] };
  expect(log).toMatchObject({ version: "2.1.0", runs: [{ results: [{ ruleId: "view-security-invoker" }] }] });

  const both = await project.run(["audit", "--format", "json", "--output", "audit.json"]);
  expect(both.stdout).toContain("1 error of ");
  expect(JSON.parse(readFileSync(join(project.dir, "audit.json"), "utf8"))).toMatchObject({ ok: true, passed: false });
  const nowhere = await project.run(["audit", "--output", "missing/audit.txt"]);
  expect(nowhere).toMatchObject({ code: 2, stdout: "" });
  expect(nowhere.stderr).toContain("error FILE_UNWRITABLE");

  const json = await project.run(["audit", "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    command: "audit",
    passed: false,
    findings: [{ rule: "view-security-invoker", object: "view api.project_stats" }],
  });

  const accepted = await project.run(["audit", "--write-baseline", "figures for all"]);
  expect(accepted).toMatchObject({ code: 0 });
  expect(accepted.stdout).toContain("1 more accepted by audit.baseline.json\nwrote audit.baseline.json\n");
  expect(await project.run(["audit"])).toMatchObject({ code: 0 });
});

test("rules are listed and explained without a server; one that there is not exits with 2", async () => {
  const project = cliProject("empty");
  const list = await project.run(["audit", "--list"]);
  expect(list).toMatchObject({ code: 0, stderr: "" });
  expect(list.stdout).toContain("error    rls-disabled             An exposed table has no row level security\n");
  const explained = await project.run(["audit", "--explain", "rls-disabled"]);
  expect(explained.code).toBe(0);
  expect(explained.stdout).toContain("## How to fix it");
  const unknown = await project.run(["audit", "--explain", "rls"]);
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(unknown.stderr).toContain("error USAGE there is no rule rls\n  hint npx tm-db audit --list\n");
  expect(await project.run(["audit"])).toMatchObject({ code: 2 });
});

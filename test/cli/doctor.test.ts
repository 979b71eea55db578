import { expect, test } from "vitest";
import { cliProject } from "./run-cli.ts";

test("doctor: 0 and one screen when all is well, 1 when something is not, 2 when nothing can be looked at", async () => {
  const project = cliProject("reference");
  expect(await project.run(["doctor"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("npx tm-db up"),
  });

  await project.run(["up"]);
  const well = await project.run(["doctor"]);
  expect(well).toMatchObject({ code: 0, stderr: "" });
  expect(well.stdout).toMatch(/^ {2}ok {7}roles {15}authenticator may become api_anonymous, api_user/m);
  expect(well.stdout).toMatch(/^everything that could be looked at is in place: 1 skipped \(\d+(\.\d)? ms\)$/m);
  expect(well.stdout.trimEnd().split("\n").length).toBeLessThanOrEqual(24);
  for (const line of well.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(140);

  project.write({
    "functions/api/hello.sql": "create function api.hello() returns text language sql return 'hello';\n",
  });
  const waiting = await project.run(["doctor"]);
  expect(waiting.code).toBe(1);
  expect(waiting.stdout).toMatch(/^ {2}problem {2}files {15}functions\/api\/hello\.sql: not deployed yet$/m);
  expect(waiting.stdout).toMatch(/^ +→ npx tm-db migrate$/m);
  expect(waiting.stdout).toContain("not everything is in place: 1 problem, 1 skipped");

  const json = await project.run(["doctor", "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    command: "doctor",
    healthy: false,
    checks: expect.arrayContaining([
      { check: "files", verdict: "problem", message: expect.any(String), next: "npx tm-db migrate", at: null },
    ]),
  });

  const unreachable = await project.run(["doctor", "--postgrest-url", "http://127.0.0.1:4"]);
  expect(unreachable.code).toBe(1);
  expect(unreachable.stdout).toMatch(/^ {2}problem {2}postgrest {11}no answer from http:\/\/127\.0\.0\.1:4: nothing/m);
  const wrong = await project.run(["doctor", "--postgrest-url", "http://user:secret@127.0.0.1"]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("--postgrest-url is no http address") });
  expect(wrong.stdout + wrong.stderr).not.toContain("secret");
});

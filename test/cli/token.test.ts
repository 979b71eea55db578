import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { type CliProject, type CliRun, cliProject, readEnv, REPOSITORY } from "./run-cli.ts";

const SECRET = "a secret for tokens of this test, 0123456789";

/** A token of `token …` without a database: the secret is in the environment. */
async function offline(project: CliProject, args: readonly string[], secret = SECRET): Promise<CliRun> {
  return await project.run(["token", ...args], { env: { TM_DB_JWT_SECRET: secret } });
}

describe("without a database", () => {
  test("a token for a role is signed with the secret of the environment or of a file, and read again", async () => {
    const project = cliProject("empty");
    project.write({ "secret.txt": `${SECRET}\n`, "other.txt": "another secret for this test 0123456789\n" });
    const { code, stdout, stderr } = await offline(project, [
      "--role",
      "web_user",
      "--ttl",
      "5m",
      "--claims",
      '{"team": 7}',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const issued = stdout.trim();
    const claims = decodeJwt(issued);
    expect(claims).toMatchObject({ role: "web_user", team: 7 });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);

    const decode = async (...args: string[]): Promise<CliRun> =>
      await project.run(["token", "decode", issued, ...args]);
    const [unknown, right, wrong, missing] = await Promise.all([
      decode(),
      decode("--secret-file", "secret.txt"),
      decode("--secret-file", "other.txt"),
      decode("--secret-file", "no-such-file"),
    ]);
    expect(unknown).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/not verified: no JWT secret is known[\s\S]*nobody knows/),
    });
    expect(right).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/verified: the secret is that of secret\.txt[\s\S]*takes it: yes/),
    });
    // Five, where both commands ran within a second.
    expect(right.stdout).toMatch(/expires {4}in [45] minutes/);
    expect(wrong).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("refused: its signature is that of another secret"),
    });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("FILE_UNREADABLE") });
  });

  test("what cannot be a token is refused, with the command to type", async () => {
    const project = cliProject("empty");
    const refusals = await Promise.all([
      offline(project, []),
      offline(project, ["--role", "a"], "too short"),
      offline(project, ["--role", "a"], ""),
      offline(project, ["--role", "a", "--claims", "abc"]),
      offline(project, ["--role", "a", "--claims", '"abc"']),
      offline(project, ["--role", "a", "--claims", '{"id": 12345678901234567890}']),
      offline(project, ["--role", "a", "--claims", JSON.stringify({ text: "x".repeat(8000) })]),
      offline(project, ["--role", "a", "--ttl", "soon"]),
      offline(project, ["decode", "abc"]),
    ]);
    const words = [
      "whose token",
      "SECRET_TOO_SHORT",
      "SECRET_MISSING",
      "must be JSON",
      "JSON object",
      "the claim id is a number",
      "bytes long",
      "such as 30s",
      "TOKEN_UNREADABLE",
    ];
    for (const [at, run] of refusals.entries()) {
      expect(run).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words[at] ?? "?") });
    }
    // The control: just below the limit.
    expect(
      await offline(project, ["--role", "a", "--claims", JSON.stringify({ text: "x".repeat(5000) })]),
    ).toMatchObject({ code: 0 });
  });

  test("a token without a signature is refused even where no secret is known, and one that expired says so", async () => {
    const project = cliProject("empty");
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "none" })}.${part({ role: "admin" })}.`;
    expect(await project.run(["token", "decode", unsigned])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("not signed (alg: none)"),
    });
    const nested = Buffer.from(`{"a":${"[".repeat(40_000)}${"]".repeat(40_000)}}`).toString("base64url");
    expect(await project.run(["token", "decode", `${part({ alg: "none" })}.${nested}.`])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error TOKEN_UNREADABLE .* nested[^]*hint/),
    });
    const { stdout } = await offline(project, ["--role", "a", "--claims", '{"exp": 1000000000}']);
    const hidden = await project.run([
      "token",
      "decode",
      `${part({ alg: "none" })}.${part({ a: "\u009b1A\u202e" })}.`,
      "--json",
    ]);
    expect(hidden.stdout).toContain("\\u009b1A\\u202e");
    const expired = await offline(project, ["decode", stdout.trim(), "--json"]);
    expect({ code: expired.code, ...JSON.parse(expired.stdout) }).toMatchObject({
      code: 1,
      signature: { kind: "verified", by: "TM_DB_JWT_SECRET" },
      problems: ["it has expired"],
      accepted: false,
    });
  });
});

test("with a database: its own tokens as they are, others over them, and none for whom it does not know", async () => {
  const project = cliProject("reference");
  await project.run(["up"]);
  const json = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await project.run(["token", ...args, "--json"])).stdout) as Record<string, unknown>;
  const alice = ["--user", "alice@example.com"];
  const [own, longer, nobody, stranger, role, wrongRole] = await Promise.all([
    json(...alice),
    json(...alice, "--ttl", "7d", "--claims", '{"user_id": "abc"}'),
    project.run(["token", "--user", "nobody@example.com"]),
    project.run(["token", "--role", "no_such_role"]),
    json("--role", "api_anonymous"),
    project.run(["token", "--role", "tm_db"]),
  ]);
  expect(own).toMatchObject({
    signedBy: "the database",
    claims: { role: "api_user", user_id: 1, email: "alice@example.com" },
  });
  expect(longer).toMatchObject({ signedBy: "auth.secrets.secret", claims: { role: "api_user", user_id: "abc" } });
  const { iat, exp } = longer["claims"] as { iat: number; exp: number };
  expect(exp - iat).toBe(7 * 86_400);
  expect(role).toMatchObject({ claims: { role: "api_anonymous" } });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("TOKEN_USER_UNKNOWN") });
  for (const refused of [stranger, wrongRole])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("IMPERSONATION_REFUSED") });

  expect(stranger.stderr).toMatch(/there is no role no_such_role\n.*hint.*: api_anonymous, api_user\n/);
  expect(wrongRole.stderr).toContain("cannot become the role tm_db");

  const verified = await json("decode", String(longer["token"]));
  expect(verified).toMatchObject({ signature: { kind: "verified", by: "auth.secrets.secret" }, accepted: true });
  const { PGRST_JWT_SECRET: secret = "" } = await readEnv(project);
  expect(JSON.stringify([own, longer, verified, nobody])).not.toContain(secret);
  // Another secret in the environment is not the database's, and so signs nothing.
  const env = { TM_DB_JWT_SECRET: SECRET };
  const { stdout } = await project.run(["token", "--role", "api_user"], { env });
  expect(await json("decode", stdout.trim())).toMatchObject({ accepted: true });
});

test("up hands out no token of a database whose secret is too short, says why, and fills one that is empty", async () => {
  const project = cliProject("empty");
  const issue =
    "select case when secret = '' then 'e30.e30.none' else 'e30.e30.signed' end from private.keys where $1 <> ''";
  project.write({
    "migrations/0001_keys.sql": `-- Up Migration
create schema private;
create table private.keys (secret text);
insert into private.keys values ('short');

-- Down Migration
drop schema private cascade;
`,
    "tm-db.config.json": JSON.stringify({
      exposedSchemas: ["public"],
      jwtSecret: "private.keys.secret",
      token: { query: issue, devUser: "alice" },
    }),
  });
  const short = await project.run(["up"]);
  expect(short).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/no token: private\.keys\.secret is shorter than 32 bytes \(.*npx tm-db migrate\)/),
  });
  expect(short.stdout).not.toContain("e30.");
  expect(short.stdout).toContain("PostgREST cannot log in: the role that roles.authenticator names is not there.");
  expect(short.stdout).not.toContain("authenticator@");

  project.write({
    "migrations/0002_empty.sql":
      "-- Up Migration\nupdate private.keys set secret = '';\n\n-- Down Migration\nselect 1;\n",
  });
  const empty = await project.run(["up"]);
  expect(empty).toMatchObject({ code: 0, stdout: expect.stringContaining("e30.e30.signed") });
});

/** What docs/formats.md gives as an example of a function that signs: the settings, a migration, the function. */
function example(): readonly [settings: string, migration: string, issueToken: string] {
  const [, section = ""] = readFileSync(join(REPOSITORY, "docs/formats.md"), "utf8").split("### A user's token\n");
  const blocks = [...section.matchAll(/```\w+\n([^]*?)```/g)].map(([, text = ""]) => text);
  const [settings = "", migration = "", issueToken = ""] = blocks;
  return [settings, migration, issueToken];
}

test("the documented function issues tokens that PostgREST takes, and none for whom it does not know", async () => {
  const project = cliProject("empty");
  const [settings, migration, issueToken] = example();
  project.write({
    "tm-db.config.json": settings,
    "migrations/0001_people.sql": `-- Up Migration\n${migration}insert into private.people values ('ann');\n\n-- Down Migration\ndrop schema private cascade;\n`,
    "functions/private/issue_token.sql": issueToken,
  });
  const up = await project.run(["up"]);
  expect(up).toMatchObject({ code: 0, stdout: expect.stringMatching(/A token for ann:\n {2}eyJ/) });
  const own = await project.run(["token", "--user", "ann"]);
  expect(decodeJwt(own.stdout.trim())).toMatchObject({ role: "web_user", sub: "ann" });
  const decoded = await project.run(["token", "decode", own.stdout.trim(), "--json"]);
  expect(JSON.parse(decoded.stdout)).toMatchObject({ accepted: true });
  // There are no development data that a reset could bring.
  const nobody = await project.run(["token", "--user", "bob"]);
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("TOKEN_USER_UNKNOWN") });
  expect(nobody.stderr).not.toContain("reset");
});

test("a token.query that answers no signed token is what is wrong, and not the user", async () => {
  const project = cliProject("empty");
  const settings = (query: string): Record<string, string> => ({
    "tm-db.config.json": `{\n  "token": { "query": ${JSON.stringify(query)}, "devUser": "ann" }\n}\n`,
  });
  const refusal = async (query: string): Promise<string> => {
    project.write(settings(query));
    const { code, stdout, stderr } = await project.run(["token", "--user", "ann"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toContain("reset");
    return stderr;
  };
  project.write(settings("select json_build_object('sub', $1::text)"));
  const up = await project.run(["up"]);
  expect(up.code).toBe(0);
  expect(up.stdout).toMatch(/no token: token\.query answers JSON, not the text of a signed token \(.*--role <role>/);
  expect(up.stdout).not.toContain("no user ann");

  const json = await refusal("select json_build_object('sub', $1::text)");
  expect(json).toContain("error CONFIG_INVALID token.query answers JSON, not the text of a signed token\n");
  expect(json).toContain("npx tm-db token --role <role> --claims '{…}'");
  // Neither what it answers nor what it holds is repeated.
  const text = await refusal("select 'hush-hush'::text || $1");
  expect(text).toContain("token.query answers a text, not the text of a signed token");
  expect(text).toContain("it has 1 part, and a signed token has 3");
  expect(text).not.toContain("hush-hush");
  expect(await refusal("select 7 where $1 <> ''")).toContain("token.query answers a number");
  // A query that PostgreSQL refuses is shown where it stands; up goes on without it.
  project.write(settings("select no_such_column where $1 <> ''"));
  expect(await project.run(["token", "--user", "ann"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error SQL_ERROR .*no_such_column[^]*hint mend token\.query in tm-db\.config\.json/),
  });
  expect(await project.run(["up"])).toMatchObject({ code: 0, stdout: expect.stringContaining("no token: column") });
  // The control: no row is no user.
  project.write(settings("select $1::text where false"));
  expect(await project.run(["token", "--user", "ann"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("TOKEN_USER_UNKNOWN"),
  });
});

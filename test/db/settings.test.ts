import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { doctor } from "../../src/app/doctor.ts";
import { env } from "../../src/app/env.ts";
import { postgrestConfigure } from "../../src/app/postgrest-config.ts";
import { secretStatus } from "../../src/app/secret.ts";
import { token } from "../../src/app/token.ts";
import { up } from "../../src/app/up.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { type EngineProject, engineProject } from "./project.ts";

const LONG = "a secret that is long enough 0123456789";

/** `up` makes a schema with a table for the secret, and `rows` of it. */
function migration(rows: string): string {
  return `-- Up Migration
create schema private;
create table private.keys (secret text, note text);
${rows}

-- Down Migration
drop schema private cascade;
`;
}

const SETTINGS = {
  exposedSchemas: ["public"],
  roles: { authenticator: "settings_login", anonymous: "settings_anonymous" },
  jwtSecret: "private.keys.secret",
};

async function project(rows: string, settings: object = {}): Promise<EngineProject> {
  const of = await engineProject({
    "migrations/0001_keys.sql": migration(rows),
    "tm-db.config.json": `${JSON.stringify({ ...SETTINGS, ...settings }, null, 2)}\n`,
  });
  await of.query(`do $$
    begin
      create role settings_login noinherit login;
      create role settings_anonymous;
      grant settings_anonymous to settings_login;
    exception
      when duplicate_object then null;
    end
  $$`);
  return of;
}

function options({ dir, spec }: EngineProject, environment: Readonly<Record<string, string>> = {}) {
  return { projectDir: dir, databaseUrl: connectionUrl(spec), env: environment, onEvent: () => {} };
}

/** What needs the secret of a database. */
const READERS: Readonly<Record<string, (of: EngineProject) => Promise<unknown>>> = {
  "token --role": async (of) => await token({ ...options(of), role: "settings_anonymous" }),
  "token --user": async (of) => await token({ ...options(of), user: "alice" }),
  env: async (of) => await env(options(of)),
  "postgrest config": async (of) => await postgrestConfigure({ ...options(of), form: "file", output: "out.conf" }),
};

/** A token as a database signs one that has `secret`. */
function signedWith(secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ role: "settings_anonymous" })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

test.each(["null", "''"])(
  "a deployment fills a column that holds %s, in the row that is there, once",
  async (value) => {
    const of = await project(`insert into private.keys values (${value}, 'kept');`);
    expect(await of.migrate()).toMatchObject({ secrets: { jwtSecret: "generated" } });
    const rows = await of.query<{ secret: string; note: string }>("select * from private.keys");
    expect(rows).toEqual([{ secret: expect.stringMatching(/^[\w-]{64}$/), note: "kept" }]);
    expect(await of.migrate()).toMatchObject({ secrets: { jwtSecret: "kept" } });
    expect(await of.query("select * from private.keys")).toEqual(rows);

    // Emptied later, it is filled by a deployment that has nothing else to do.
    await of.query(`update private.keys set secret = ${value}`);
    expect(await of.migrate({ env: { TM_DB_JWT_SECRET: LONG } })).toMatchObject({
      deployment: null,
      secrets: { jwtSecret: "set from TM_DB_JWT_SECRET" },
    });
    expect(await of.query("select * from private.keys")).toEqual([{ secret: LONG, note: "kept" }]);
  },
);

test.each([
  { held: "null", code: "SECRET_MISSING" },
  { held: "''", code: "SECRET_MISSING" },
  { held: "'short'", code: "SECRET_TOO_SHORT" },
])("with $held for a secret there is no token and no configuration, but what to type", async ({ held, code }) => {
  const query = `select '${signedWith("")}' where $1 = 'alice'`;
  const of = await project("", { token: { query } });
  await of.migrate();
  await of.query(`update private.keys set secret = ${held}`);
  for (const [name, read] of Object.entries(READERS)) {
    if (name === "token --user") continue;
    await expect(read(of), name).rejects.toMatchObject({ code, hint: expect.stringContaining("npx tm-db migrate") });
  }
  // That one the database signs by itself, whatever it has.
  await expect(READERS["token --user"]?.(of)).rejects.toMatchObject({ code: "SECRET_MISSING" });
  const { checks } = await doctor(options(of));
  expect(checks.find(({ check }) => check === "secret")).toMatchObject({
    verdict: "problem",
    next: expect.stringContaining("npx tm-db migrate"),
  });

  // The hint works.
  await of.migrate({ env: { TM_DB_JWT_SECRET: LONG } });
  expect(await env(options(of))).toMatchObject({ variables: { PGRST_JWT_SECRET: LONG } });
  expect(await token({ ...options(of), role: "settings_anonymous" })).toMatchObject({
    signedBy: "private.keys.secret",
  });
});

test("a deployment leaves a short secret as it is: somebody chose it", async () => {
  const of = await project("insert into private.keys values ('short', 'kept');");
  expect(await of.migrate()).toMatchObject({ secrets: { jwtSecret: "kept" } });
  expect(await of.query("select secret from private.keys")).toEqual([{ secret: "short" }]);
});

test("a token that the database signed with a short secret is handed to nobody, one with a long secret is", async () => {
  const of = await project("insert into private.keys values ('short');", {
    token: { query: `select '${signedWith(LONG)}' where $1 = 'alice'` },
  });
  await of.migrate();
  await expect(READERS["token --user"]?.(of)).rejects.toMatchObject({ code: "SECRET_TOO_SHORT" });
  await of.migrate({ env: { TM_DB_JWT_SECRET: LONG } });
  expect(await token({ ...options(of), user: "alice" })).toMatchObject({ token: signedWith(LONG) });
});

test("a project without jwtSecret hands on no token that was signed with an empty secret", async () => {
  const of = await project("", {
    jwtSecret: undefined,
    token: { query: `select '${signedWith("")}' where $1 = 'alice'` },
  });
  await of.migrate();
  await expect(READERS["token --user"]?.(of)).rejects.toMatchObject({ code: "SECRET_MISSING" });
  await expect(env(options(of, { TM_DB_JWT_SECRET: "short" }))).rejects.toMatchObject({ code: "SECRET_TOO_SHORT" });
});

test("a secret that waits is none where it is empty", async () => {
  const of = await project("", {
    jwtRotation: { standby: "note", previous: "previous", previousUntil: "until" },
  });
  of.write({
    "migrations/0002_until.sql": `-- Up Migration
alter table private.keys add column previous text, add column until timestamptz;

-- Down Migration
alter table private.keys drop column until, drop column previous;
`,
  });
  await of.migrate();
  await of.query("update private.keys set note = ''");
  expect(await secretStatus(options(of))).toMatchObject({ standby: false, previous: null });
  expect(await env(options(of))).toMatchObject({
    variables: { PGRST_JWT_SECRET: expect.stringMatching(/^[\w-]{64}$/) },
  });
});

const MISSPELT = {
  exposedSchemas: ["public", "apj"],
  extraSearchPath: ["extensionz"],
  roles: { authenticator: "settings_logn", anonymous: "settings_anonymos" },
  preRequest: "private.chekc",
  jwtSecret: "private.keys.secrt",
};
/** Setting, place in `tm-db.config.json`, what is said. */
const SAID = [
  ["exposedSchemas[1]", [4, 5], "there is no schema apj"],
  ["roles.authenticator", [7, 5], "there is no role settings_logn"],
  ["roles.anonymous", [8, 5], "there is no role settings_anonymos"],
  ["jwtSecret", [10, 3], "there is no column private.keys.secrt"],
  ["preRequest", [14, 3], "there is no function private.chekc()"],
  ["extraSearchPath[0]", [12, 5], "there is no schema extensionz"],
] as const;

test("misspelt settings are named with their place, once all is deployed, by whatever needs them", async () => {
  const of = await project("", MISSPELT);
  // While the files wait, they may make all that.
  const before = await doctor(options(of));
  expect(before.checks.filter(({ next }) => next?.startsWith("mend ") === true)).toEqual([]);
  await expect(token({ ...options(of), claims: { role: 7 } })).rejects.toMatchObject({ code: "SECRET_MISSING" });
  expect(await env(options(of))).toMatchObject({ command: "env" });

  const { warnings } = await of.migrate();
  expect(warnings).toEqual(["tm-db.config.json:10:3 jwtSecret: there is no column private.keys.secrt"]);
  const { checks } = await doctor(options(of));
  for (const [setting, [line, column]] of SAID) {
    const found = checks.filter(({ next }) => next?.startsWith(`mend ${setting} in tm-db.config.json; or `) === true);
    expect(found, setting).toMatchObject([{ at: { file: "tm-db.config.json", line, column } }]);
  }
  expect(checks.filter(({ next }) => next === "npx tm-db migrate")).toEqual([]);

  const problem = (wanted: string) => {
    const [setting, [line, column], message] = SAID.find(([name]) => name === wanted) ?? SAID[0];
    return { message: `${setting}: ${message}`, location: expect.objectContaining({ line, column }) };
  };
  const needed = ["roles.authenticator", "roles.anonymous", "exposedSchemas[1]", "preRequest", "jwtSecret"];
  const refusal = (...settings: string[]) => ({ code: "CONFIG_INVALID", problems: settings.map(problem) });
  await expect(env(options(of))).rejects.toMatchObject(refusal(...needed));
  await expect(READERS["postgrest config"]?.(of)).rejects.toMatchObject(refusal(...needed));
  await expect(postgrestConfigure({ ...options(of), form: "database" })).rejects.toMatchObject(refusal(...needed));
  await expect(READERS["token --role"]?.(of)).rejects.toMatchObject(refusal("roles.authenticator"));
  await expect(token({ ...options(of), claims: { role: 7 } })).rejects.toMatchObject(refusal("jwtSecret"));
  const { next } = await up(options(of));
  expect(next).toMatchObject({ authenticatorUrl: null });
  expect(next.problems.map((text) => text.split(" ")[1]).toSorted()).toEqual(
    SAID.map(([setting]) => `${setting}:`).toSorted(),
  );

  // The control: spelt as it is, nothing is said.
  of.write({ "tm-db.config.json": JSON.stringify(SETTINGS) });
  expect(await of.migrate()).toMatchObject({ warnings: [] });
  expect((await up(options(of))).next).toMatchObject({
    authenticatorUrl: expect.stringContaining("settings_login@"),
    problems: [],
  });
  expect(await env(options(of))).toMatchObject({ variables: { PGRST_DB_ANON_ROLE: "settings_anonymous" } });
});

test("columns of jwtRotation that are not there are named", async () => {
  const of = await project("", { jwtRotation: { standby: "note", previous: "prevoius", previousUntil: "note" } });
  await of.migrate();
  await expect(secretStatus(options(of))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    problems: [{ message: "jwtRotation.previous: there is no column private.keys.prevoius" }],
  });
  expect((await doctor(options(of))).checks.find(({ check }) => check === "secret")).toMatchObject({
    verdict: "problem",
    next: expect.stringContaining("mend jwtRotation "),
  });
});

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, inject, test } from "vitest";
import { matrix, type MatrixOptions } from "../../src/app/matrix.ts";
import type { MatrixResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { endedWords } from "../../src/report/matrix/words.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** Lists that people share, with what makes a list's rows theirs: another shape than the reference database. */
const LISTS = {
  "migrations/0001_lists.sql": `-- Up Migration
create schema api;
grant usage on schema api to web_anon, web_user;
create schema private;
grant usage on schema private to web_user;
create table private.accounts (id uuid primary key default gen_random_uuid(), login text not null unique);
create function private.me() returns uuid language sql stable return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
create table api.lists (id uuid primary key default gen_random_uuid(), owner uuid not null references private.accounts, title text not null unique);
create table api.sharing (list uuid not null references api.lists, reader uuid not null references private.accounts, primary key (list, reader));
create table api.items (id bigint generated always as identity primary key, list uuid not null references api.lists, what text not null);
create table api.notes (item bigint not null references api.items, body text not null);
create table api.settings (key text primary key, value text);
create table api.empty (id int primary key);
create table api.hits (n int);
-- Down Migration
drop schema api cascade; drop schema private cascade;
`,
  "policies/api/items.sql": `alter table api.items enable row level security;
grant select, insert (list, what), update (what), delete on api.items to web_user;
create policy mine on api.items for all to web_user
  using (exists (select from api.lists as l where l.id = list and l.owner = private.me()))
  with check (exists (select from api.lists as l where l.id = list and l.owner = private.me()));
create policy read_shared on api.items for select to web_user using (exists (select from api.sharing as s where s.list = items.list and s.reader = private.me()));
grant select on api.lists, api.sharing to web_user;
`,
  "policies/api/notes.sql": `alter table api.notes enable row level security;
alter table api.notes force row level security;
grant select (body), delete on api.notes to web_user;
create policy by_item on api.notes to web_user using (exists (select from api.items as i where i.id = item));
`,
  "policies/api/settings.sql":
    "grant select (key), update (value) on api.settings to web_user;\ngrant select on api.empty to web_user;\ngrant select, delete on api.hits to web_user;\n",
  "functions/api/hit.sql": `create function api.hit() returns setof int language plpgsql volatile security definer set search_path = '' as $$
begin insert into api.hits values (1); return query select h.n from api.hits as h; end $$;
grant execute on function api.hit() to web_anon;
revoke execute on function api.hit() from public;
`,
  "functions/api/who.sql": `create function api.who(name text) returns text language sql stable return name;
revoke execute on function api.who(text) from public;
grant execute on function api.who(text) to web_user;
`,
  "test/policies/_fixtures.sql": `create function tests.new_user(name text) returns jsonb language sql as $$
  insert into private.accounts (login) values (name) returning jsonb_build_object('role', 'web_user', 'sub', id) $$;
select tests.create_user(name) from unnest('{ann,ben,eve}'::text[]) as name;
insert into api.lists (owner, title) values (tests.claim('ann', 'sub')::uuid, 'Food'), (tests.claim('eve', 'sub')::uuid, 'Plans');
insert into api.sharing select l.id, tests.claim('ben', 'sub')::uuid from api.lists as l where l.title = 'Food';
insert into api.items (list, what) select l.id, w from api.lists as l, unnest('{one,two}'::text[]) as w;
alter table api.notes no force row level security;
insert into api.notes select i.id, 'note' from api.items as i;
alter table api.notes force row level security;
insert into api.settings values ('colour', 'red'), ('size', 'big');
`,
  "tm-db.config.json": JSON.stringify({ roles: { anonymous: "web_anon" } }),
};

const makeRoles = (roles: readonly string[]): string =>
  roles.map((role) => `do $$ begin create role ${role}; exception when duplicate_object then null; end $$;`).join("");

async function lists(files: Readonly<Record<string, string>> = {}): Promise<EngineProject> {
  const project = await engineProject({ ...LISTS, ...files });
  const roles = ["web_anon nologin", "web_user nologin", "web_owner nologin", "authenticator login noinherit"];
  await project.query(`${makeRoles(roles)} grant web_anon, web_user, web_owner to authenticator`);
  await asSuperuser(
    `${makeRoles(["web_super superuser", "web_free bypassrls"])} grant web_super, web_free to authenticator`,
  );
  return project;
}

async function asSuperuser(sql: string): Promise<void> {
  await queryRows({ ...inject("server").superuser, database: "postgres" }, sql);
}

async function observe(project: EngineProject, options: Partial<MatrixOptions> = {}): Promise<MatrixResult> {
  return await matrix({
    projectDir: project.dir,
    databaseUrl: connectionUrl(project.spec),
    env: {},
    onEvent: () => {},
    ...options,
  });
}

/** How it ended, for everybody in one line. */
function told({ matrix: { cells } }: MatrixResult, subject: string, action: string, variant = ""): string {
  return cells
    .filter((cell) => cell.subject === subject && cell.action === action && cell.variant === variant)
    .map(({ persona, ended }) => `${persona}: ${endedWords(ended)}`)
    .join("; ");
}

describe("another project", () => {
  test("whose people, and what they share, are found out", async () => {
    const project = await lists();
    const result = await observe(project);
    expect(result.matrix.people).toEqual({
      column: "private.accounts.id",
      claim: "sub",
      memberships: [{ table: "api.sharing", of: "api.lists" }],
    });
    expect(told(result, "api.items", "select")).toBe(
      "anonymous: no privilege; ann: shared 2/2, other 0/2; ben: shared 2/2, other 0/2; eve: shared 2/2, other 0/2",
    );
    expect(told(result, "api.items", "update")).toBe(
      "anonymous: no privilege; ann: shared 2/2, other 0/2; ben: shared 0/2, other 0/2; eve: shared 2/2, other 0/2",
    );
    expect(told(result, "api.items", "insert", "shared")).toBe("ann: 1/1; ben: refused; eve: 1/1");
    expect(told(result, "api.items", "insert", "other")).toBe("ann: refused; ben: refused; eve: refused");
    // A table that binds its owner, whose rows belong to what they refer to, and that has no key.
    expect(told(result, "api.notes", "select")).toBe("anonymous: no privilege; ann: 2/4; ben: 2/4; eve: 2/4");
    expect(told(result, "api.notes", "delete")).toBe(
      "anonymous: no privilege; ann: shared 2/2, other 0/2; ben: shared 2/2, other 0/2; eve: shared 2/2, other 0/2",
    );
    // Without row level security, and readable in one column only.
    const settings = result.matrix.cells.filter(
      ({ subject, persona }) => subject === "api.settings" && persona === "ben",
    );
    expect(settings.map(({ action, ended, columns }) => [action, endedWords(ended), columns])).toEqual([
      ["select", "2/2", ["key"]],
      ["insert", "no privilege", undefined],
      ["update", "2/2", ["value"]],
      ["delete", "no privilege", undefined],
    ]);
    // What nobody can decide is not guessed.
    expect(told(result, "api.empty", "select")).toBe(
      "anonymous: no privilege; ann: undecided; ben: undecided; eve: undecided",
    );
    expect(told(result, "api.who(text)", "execute")).toBe(
      "anonymous: no privilege; ann: undecided; ben: undecided; eve: undecided",
    );
    // What a function writes is undone before the next one looks.
    expect(told(result, "api.hit()", "execute")).toBe(
      "anonymous: 1 row; ann: no privilege; ben: no privilege; eve: no privilege",
    );
    expect(told(result, "api.hits", "select")).toBe(
      "anonymous: no privilege; ann: undecided; ben: undecided; eve: undecided",
    );
    // The target itself was not touched, and nothing is left on its server but the template and a clone to take.
    expect(await project.query("select from pg_namespace where nspname in ('api', 'tests')")).toEqual([]);
    // Ids are drawn at random, and anew for each template; the files do not know them.
    const [markdown, json] = ["md", "json"].map((ending) => readFile(project, `access.matrix.${ending}`));
    expect(json).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
    expect(markdown).toBeUndefined();
    project.write({ "test/policies/_fixtures.sql": `-- Another template.\n${LISTS["test/policies/_fixtures.sql"]}` });
    expect((await observe(project, { check: true })).files).toEqual([
      { path: "test/policies/access.matrix.json", state: "unchanged" },
    ]);
  });

  test("whose settings say who the people are, or that they share nothing", async () => {
    const settings = (chosen: object): string => JSON.stringify({ roles: { anonymous: "web_anon" }, matrix: chosen });
    const project = await lists({ "tm-db.config.json": settings({ memberships: [], personas: ["ben", "anonymous"] }) });
    const { matrix: found } = await observe(project);
    expect(found.people?.memberships).toEqual([]);
    expect(found.personas.map(({ name }) => name)).toEqual(["ben", "anonymous"]);
    project.write({ "tm-db.config.json": settings({ people: "private.accounts.login", claim: "sub" }) });
    expect((await observe(project)).matrix.people?.column).toBe("private.accounts.login");
    project.write({ "tm-db.config.json": settings({ people: "private.accounts.id", claim: "sbu" }) });
    await expect(observe(project)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: "nobody whom the fixtures make has the claim sbu",
      detail: "they have role, sub",
    });
    // Who sends no token has no claims, and so nobody can say what is wrong with this one.
    project.write({ "tm-db.config.json": settings({ claim: "sbu", personas: ["anonymous"] }) });
    expect((await observe(project)).matrix.people).toBeNull();
    project.write({ "tm-db.config.json": settings({ people: "private.accounts.nick" }) });
    await expect(observe(project)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    project.write({ "tm-db.config.json": settings({ memberships: ["api.nothing"] }) });
    await expect(observe(project)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    project.write({ "tm-db.config.json": settings({ personas: ["Bob"] }) });
    await expect(observe(project)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: "the fixtures make nobody called Bob",
    });
  });

  test("whose views let in what their tables would not: by the columns that can be given a value", async () => {
    const grant = (name: string): string => `grant select, insert on api.${name} to web_user;\n`;
    const project = await lists({
      "migrations/0002_marks.sql":
        "-- Up Migration\ncreate table private.marks (id bigint generated always as identity primary key, word text not null," +
        " loud text generated always as (upper(word)) stored, said text not null default 'x');\n" +
        "-- Down Migration\ndrop table private.marks;\n",
      "views/private/all_marks.sql":
        "create view private.all_marks as select word || '!' as cry, id, loud, word, said from private.marks;\n",
      "views/api/marks.sql": `create view api.marks as select m.id as number, m.* from private.marks as m where true;\n${grant("marks")}`,
      "views/api/marks_again.sql": `create view api.marks_again as select loud, id, cry, word as spoken from private.all_marks;\n${grant("marks_again")}`,
      "views/api/triggered.sql": `create view api.triggered as select id, word from private.marks;\n${grant("triggered")}`,
      "functions/private/put.sql": `create function private.put() returns trigger language plpgsql security definer set search_path = '' as $$
begin insert into private.marks (word) values (new.word); return new; end $$;
create trigger put instead of insert on api.triggered for each row execute function private.put();
`,
      "test/policies/_marks.sql": "insert into private.marks (word) values ('one'), ('two');\n",
    });
    const result = await observe(project);
    const given = (subject: string): unknown =>
      result.matrix.cells.find((cell) => cell.subject === subject && cell.action === "insert" && cell.persona === "ben")
        ?.columns;
    const everybody = "anonymous: no privilege; ann: 1/1; ben: 1/1; eve: 1/1";
    for (const name of ["api.marks", "api.marks_again", "api.triggered"])
      expect(told(result, name, "insert"), name).toBe(everybody);
    expect(given("api.marks")).toEqual(["word", "said"]);
    expect(given("api.marks_again")).toEqual(["spoken"]);
    expect(given("api.triggered")).toEqual(["id", "word"]);
  });

  test("whose function has gone a way that the fixtures do not know", async () => {
    const call = (sql: string): Record<string, string> => ({
      "test/policies/_calls.sql": `select tests.define_call(${sql});\n`,
    });
    const project = await lists(call("'api.who', 'a name', '{\"name\": \"x\"}'"));
    expect(told(await observe(project), "api.who(text)", "execute", "a name")).toBe(
      "anonymous: no privilege; ann: ran; ben: ran; eve: ran",
    );
    for (const [sql, message] of [
      ["'api.whom', 'x', '{}'", "there is no function api.whom"],
      ["'api.who', 'x', '[]'", "the arguments of api.who are no object: []"],
      ["'api.who', 'x', '{\"nme\": 1}'", "api.who does not take the arguments (nme)"],
      ["'api.who', 'x', '{}'", "api.who does not take the arguments ()"],
    ] as const) {
      project.write(call(sql));
      await expect(observe(project)).rejects.toMatchObject({ code: "SQL_ERROR", message });
    }
  });

  test("on a server that writes values in another way", async () => {
    const project = await lists();
    const expected = (await observe(project)).matrix;
    const user = pg.escapeIdentifier(project.spec.user);
    await asSuperuser(
      `alter role ${user} set "DateStyle" = 'German'; alter role ${user} set "IntervalStyle" = 'sql_standard'`,
    );
    try {
      expect((await observe(project)).matrix).toEqual(expected);
    } finally {
      await asSuperuser(`alter role ${user} reset all`);
    }
  });
});

describe("a matrix that would prove nothing", () => {
  const persona = (claims: string): Record<string, string> => ({
    "test/policies/_more.sql": `select tests.define_user('mallory', '${claims}');\n`,
  });

  test.each([
    ['{"role": "web_nobody"}', "mallory: there is no role web_nobody"],
    ['{"role": "web_super"}', "mallory: web_super is a superuser"],
    ['{"role": "web_free"}', "mallory: web_free has BYPASSRLS"],
  ])("with the claims %s", async (claims, message) => {
    const project = await lists(persona(claims));
    await expect(observe(project)).rejects.toMatchObject({
      code: "IMPERSONATION_REFUSED",
      message: expect.stringContaining(message) as string,
    });
    expect(existsSync(join(project.dir, "test/policies/access.matrix.json"))).toBe(false);
  });

  test("as the owner of a table, or with claims that are none", async () => {
    const project = await lists(persona(JSON.stringify({ role: "web_owner" })));
    project.write({
      "migrations/0002_owner.sql":
        "-- Up Migration\ngrant create on schema api to web_owner;\ncreate table api.owned (id int);\nalter table api.owned owner to web_owner;\n-- Down Migration\nselect 1;\n",
    });
    await expect(observe(project)).rejects.toMatchObject({
      code: "IMPERSONATION_REFUSED",
      message: expect.stringContaining("mallory: web_owner owns api.owned") as string,
    });
    project.write(persona('{"sub": 1}'));
    await expect(observe(project)).rejects.toMatchObject({ code: "SQL_ERROR" });
  });

  test("with nothing exposed", async () => {
    const project = await lists({
      "tm-db.config.json": JSON.stringify({ exposedSchemas: [], roles: { anonymous: "web_anon" } }),
    });
    await expect(observe(project)).rejects.toMatchObject({ code: "NOTHING_EXPOSED" });
    project.write({
      "tm-db.config.json": JSON.stringify({ exposedSchemas: ["nothing"], roles: { anonymous: "web_anon" } }),
    });
    await expect(observe(project)).rejects.toMatchObject({ code: "NOTHING_EXPOSED" });
  });

  test("from a file that is none, where it is compared and not written", async () => {
    const project = await lists({ "test/policies/access.matrix.json": "<<<<<<< ours\n" });
    await expect(observe(project, { check: true })).rejects.toMatchObject({ code: "MATRIX_INVALID" });
    expect((await observe(project)).files).toEqual([{ path: "test/policies/access.matrix.json", state: "written" }]);
    expect((await observe(project, { check: true })).holds).toBe(true);
    writeFileSync(
      join(project.dir, "test/policies/access.matrix.json"),
      readFile(project, "access.matrix.json")?.replace('"denied"', '"refused"') ?? "",
    );
    const changed = await observe(project, { check: true });
    expect([changed.holds, changed.changes.length, changed.files[0]?.state]).toEqual([false, 1, "differs"]);
  });
});

function readFile(project: EngineProject, name: string): string | undefined {
  const path = join(project.dir, "test/policies", name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

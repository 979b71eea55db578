import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { rollback } from "../../src/app/rollback.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { withRequest } from "../../src/db/impersonate.ts";
import { deployReference, type TestServer } from "../support/global-setup.ts";
import { API, claiming, openClient } from "../support/reference-database.ts";
import { REPOSITORY, startThrowawayServer, type ThrowawayServer } from "../support/throwaway-server.ts";

const SECRET = "only for these tests, and long enough to sign with";
const DATABASES = ["first", "second"] as const;
type Database = (typeof DATABASES)[number];
type Snapshot = Readonly<Record<string, unknown>>;

// Roles belong to the whole server. That they go with the last database that needs them shows only on a server of its own.
let throwaway: ThrowawayServer | undefined;
let server: TestServer;

beforeAll(async () => {
  throwaway = await startThrowawayServer(String(inject("server").major), DATABASES[0]);
  const { major, connection: owner, superuser, authenticatorPassword } = throwaway.server;
  server = { major, owner, superuser, authenticatorPassword, template: DATABASES[0], jwtSecret: SECRET };
  await rowsIn("postgres", `create database ${DATABASES[1]}`);
});

afterAll(async () => {
  await throwaway?.dispose();
});

async function rowsIn(database: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = await openClient(server, "owner", database);
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function deploy(database: Database): Promise<number> {
  return await deployReference({ ...server.owner, database }, server);
}

async function takeBack(database: Database): Promise<void> {
  const databaseUrl = connectionUrl({ ...server.owner, database });
  const confirm = (): Promise<boolean> => Promise.resolve(true);
  await rollback({ projectDir: REPOSITORY, databaseUrl, env: {}, onEvent: () => {}, to: { kind: "all" }, confirm });
}

/** All that a deployment could leave in a database, but for tm-db's own records; and in the server. */
async function snapshot(database: Database): Promise<Snapshot> {
  const [row] = await rowsIn(
    database,
    `select
       (select json_agg(nspname || coalesce(nspacl::text, '') order by nspname) from pg_namespace where nspname !~ '^pg_(temp|toast)' and nspname <> 'tm_db') as schemas,
       (select json_agg(oid::regclass::text order by oid::regclass::text) from pg_class where oid >= 16384 and relnamespace::regnamespace::text not in ('tm_db', 'pg_toast')) as relations,
       (select json_agg(oid::regprocedure::text order by oid::regprocedure::text) from pg_proc where oid >= 16384 and pronamespace::regnamespace::text <> 'tm_db') as functions,
       (select json_agg(oid::regtype::text order by oid::regtype::text) from pg_type where oid >= 16384 and typnamespace::regnamespace::text not in ('tm_db', 'pg_toast')) as types,
       (select json_agg(extname order by extname) from pg_extension) as extensions,
       (select json_agg(defaclobjtype::text || defaclacl::text order by defaclobjtype::text) from pg_default_acl) as default_privileges,
       (select datacl::text from pg_database where datname = current_database()) as database`,
  );
  return row ?? {};
}

async function roles(): Promise<unknown> {
  return await rowsIn(
    "postgres",
    `select r.rolname, r.rolconfig, (select json_agg(m.roleid::regrole::text order by m.roleid::regrole::text) from pg_auth_members as m where m.member = r.oid) as member_of
     from pg_roles as r where r.rolname !~ '^pg_' order by r.rolname`,
  );
}

/** Makes a user with a project and a task, and lets them find it as PostgREST would. */
async function use(database: Database): Promise<unknown> {
  const [user] = await rowsIn(
    database,
    `with made as (insert into api.users (email, name) values ('ada' || (select count(*) from api.users) || '@example.com', 'Ada') returning id),
     credentials as (insert into auth.credentials (user_id, password_hash) select id, '*' from made)
     select id from made`,
  );
  const [project] = await rowsIn(database, "insert into api.projects (name, owner_id) values ('P', $1) returning id", [
    user?.["id"],
  ]);
  await rowsIn(database, "insert into api.tasks (title, project_id) values ('Findable', $1)", [project?.["id"]]);
  const client = await openClient(server, "authenticator", database);
  try {
    const request = { ...claiming(user?.["id"]), method: "GET" as const, path: "/rpc/search_tasks" };
    return await withRequest(client, { api: API, request, end: "commit" }, async (inside) => {
      const { rows } = await inside.query<Record<string, unknown>>(
        "select title, project_name from api.search_tasks('findable')",
      );
      return rows;
    });
  } finally {
    await client.end();
  }
}

const FOUND = [{ title: "Findable", project_name: "P" }];

test("defect 03: the whole set is there after one deployment, in whatever order its parts need each other", async () => {
  expect(await deploy("first")).toBeGreaterThan(40);
  expect(await use("first")).toEqual(FOUND);
});

test("defect 74: deploying again changes nothing", async () => {
  await deploy("first");
  const before = await snapshot("first");
  expect(await deploy("first")).toBe(0);
  expect(await snapshot("first")).toEqual(before);
});

test("defect 73: two databases of a server use the same roles, and either goes without harm to the other", async () => {
  const [empty, emptySecond] = [await fresh("first"), await fresh("second")];
  const rolesBefore = await roles();
  for (const database of DATABASES) await deploy(database);
  const rolesBetween = await roles();
  expect(rolesBetween).not.toEqual(rolesBefore);

  await takeBack("first");
  expect(await snapshot("first")).toEqual(empty);
  expect(await roles()).toEqual(rolesBetween);
  expect(await use("second")).toEqual(FOUND);

  await deploy("first");
  expect(await use("first")).toEqual(FOUND);
  await takeBack("second");
  expect(await use("first")).toEqual(FOUND);

  await takeBack("first");
  expect(await snapshot("first")).toEqual(empty);
  expect(await snapshot("second")).toEqual(emptySecond);
  expect(await roles()).toEqual(rolesBefore);
}, 60_000);

/** Empties a database as `drop database` does, and looks at it. */
async function fresh(database: Database): Promise<Snapshot> {
  await rowsIn("postgres", `drop database ${database} with (force)`);
  await rowsIn("postgres", `create database ${database}`);
  await rowsIn("postgres", "drop role if exists api_anonymous, api_user, authenticator").catch(() => undefined);
  return await snapshot(database);
}

test("a role that is there already and may do more than it should is refused, and taken when it may not any more", async () => {
  await fresh("first");
  const superuser = await openClient(server, "superuser", "postgres");
  try {
    await rowsIn("postgres", "create role api_user nologin noinherit");
    for (const [more, less] of [
      ["login", "nologin"],
      ["replication", "noreplication"],
      ["createdb", "nocreatedb"],
      ["bypassrls", "nobypassrls"],
    ] as const) {
      await superuser.query(`alter role api_user ${more}`);
      await expect(deploy("first"), more).rejects.toMatchObject({
        message: "the role api_user exists already and may do more than it should",
        hint: expect.stringContaining(less),
      });
      await superuser.query(`alter role api_user ${less}`);
    }
    expect(await deploy("first")).toBeGreaterThan(40);
  } finally {
    await superuser.end();
    await takeBack("first");
  }
});

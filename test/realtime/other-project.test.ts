import { expect, inject, test } from "vitest";
import { migrate } from "../../src/app/migrate.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { TmDbError } from "../../src/core/errors.ts";
import { engineProject, type EngineProject } from "../db/project.ts";
import { inSeconds, sign, startService, subscribe } from "./service.ts";

/** Letters with uuid keys, seen by whom they are for; nothing of it is named as in the reference database. */
const FILES = {
  "migrations/0001_letters.sql": `
create schema post;
do $$ begin create role post_reader nologin; exception when duplicate_object then null; end $$;
grant post_reader to authenticator;
grant usage on schema post to post_reader;
create table post.letters (
  "Letter Id" uuid primary key,
  recipient text not null,
  body text not null,
  note text
);
create function post.tell() returns trigger language plpgsql as $$
declare
  letter post.letters := case when tg_op = 'DELETE' then old else new end;
begin
  perform pg_notify('The Post', json_build_object('operation', tg_op, 'Letter Id', letter."Letter Id")::text);
  return null;
end $$;
create trigger tell after insert or update or delete on post.letters for each row execute function post.tell();
-- Down Migration
drop schema post cascade;
`,
  "policies/post/letters.sql": `
alter table post.letters enable row level security;
grant select ("Letter Id", recipient, body) on post.letters to post_reader;
create policy select_recipient on post.letters
  for select
  to post_reader
  using (recipient = (select current_setting('request.jwt.claims')::json ->> 'email'));
`,
};

const CONFIG = {
  exposedSchemas: ["post"],
  roles: { authenticator: "authenticator", anonymous: "post_reader" },
  realtime: { channels: { "The Post": { table: "post.letters", key: "Letter Id", columns: ["Letter Id", "body"] } } },
};

const SECRET = "a secret of this test, of thirty-two bytes or more";

async function project(config: object = CONFIG): Promise<EngineProject> {
  const made = await engineProject({ ...FILES, "tm-db.config.json": JSON.stringify(config) });
  await migrate({ projectDir: made.dir, databaseUrl: connectionUrl(made.spec), env: {}, onEvent: () => {} });
  return made;
}

function optionsFor({ dir, spec }: EngineProject) {
  const env = { TM_DB_AUTHENTICATOR_PASSWORD: inject("server").authenticatorPassword, TM_DB_JWT_SECRET: SECRET };
  return { projectDir: dir, databaseUrl: connectionUrl(spec), env };
}

const tokenFor = async (email: string): Promise<string> => await sign({ email, exp: inSeconds(60) }, SECRET);

test("a project of another shape: uuid keys, odd names, column privileges, no parent, no pre-request", async () => {
  const made = await project();
  const service = await startService({ name: made.spec.database }, {}, optionsFor(made));
  const ann = await subscribe(service, await tokenFor("ann@example.com"), "The Post");
  const bob = await subscribe(service, await tokenFor("bob@example.com"), "The Post");
  const ids = ["11111111-2222-4333-8444-aaaaaaaaaaaa", "99999999-2222-4333-8444-bbbbbbbbbbbb"];
  const [first, second] = ids;
  await made.query("insert into post.letters values ($1, 'ann@example.com', 'Dear Ann', 'secret')", [first]);
  await made.query("insert into post.letters values ($1, 'bob@example.com', 'Dear Bob', 'secret')", [second]);
  expect(await ann.got(({ id }) => id === first)).toEqual({
    type: "change",
    channel: "The Post",
    operation: "INSERT",
    id: first,
    record: { "Letter Id": first, body: "Dear Ann" },
  });
  await bob.got(({ id }) => id === second);
  // Without a parent, whoever was sent a row is told that it is gone; and nobody else.
  await made.query(`update post.letters set recipient = 'bob@example.com' where "Letter Id" = $1`, [first]);
  expect(await bob.got(({ id }) => id === first)).toMatchObject({ operation: "UPDATE" });
  await made.query("delete from post.letters");
  await bob.got(({ type, id }) => type === "gone" && id === first);
  await bob.got(({ type, id }) => type === "gone" && id === second);
  await made.query("insert into post.letters values ($1, 'ann@example.com', 'Again', null)", [second]);
  await ann.got(({ id }) => id === second);
  expect(ann.messages.slice(2).map(({ type, id }) => [type, id])).toEqual([
    ["change", first],
    ["gone", first],
    ["change", second],
  ]);
});

test("settings that name what is not there are refused, all of them at once", async () => {
  const made = await project({
    ...CONFIG,
    realtime: {
      channels: {
        a: { table: "post.parcels" },
        b: { table: "post.letters", key: "id", columns: ["size"] },
        c: { table: "post.letters", key: "Letter Id", parent: { table: "post.boxes", column: "box" } },
      },
    },
  });
  const refused = await startService({ name: made.spec.database }, {}, optionsFor(made)).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(TmDbError);
  expect(refused).toMatchObject({
    code: "CONFIG_INVALID",
    problems: [
      { message: "channel a: there is no table or view post.parcels" },
      { message: "channel b: post.letters has no column id" },
      { message: "channel b: post.letters has no column size" },
      { message: "channel c: post.letters has no column box" },
      { message: "channel c: there is no table or view post.boxes" },
    ],
  });
});

test("a key of a type whose values cannot be told from others is refused", async () => {
  const made = await project({
    ...CONFIG,
    realtime: { channels: { a: { table: "post.seals" } } },
  });
  await made.query("create table post.seals (id numeric)");
  await expect(startService({ name: made.spec.database }, {}, optionsFor(made))).rejects.toMatchObject({
    problems: [{ message: expect.stringContaining("the key id is of type numeric") }],
  });
});

test("without a secret, a password or a channel it says what to set", async () => {
  const made = await project();
  const options = optionsFor(made);
  const start = async (env: Record<string, string>): Promise<unknown> =>
    await startService({ name: made.spec.database }, {}, { ...options, env }).catch((error: unknown) => error);
  const { TM_DB_AUTHENTICATOR_PASSWORD, TM_DB_JWT_SECRET } = options.env;
  expect(await start({ TM_DB_AUTHENTICATOR_PASSWORD })).toMatchObject({ code: "SECRET_MISSING" });
  expect(await start({ TM_DB_JWT_SECRET })).toMatchObject({
    code: "AUTHENTICATION_FAILED",
    hint: expect.stringContaining("TM_DB_AUTHENTICATOR_PASSWORD"),
  });
  made.write({ "tm-db.config.json": JSON.stringify({ ...CONFIG, realtime: {} }) });
  expect(await start(options.env)).toMatchObject({ code: "CONFIG_INVALID" });
});

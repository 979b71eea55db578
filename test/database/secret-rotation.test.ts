import { jwtVerify } from "jose";
import { describe, expect, inject, test } from "vitest";
import { migrate } from "../../src/app/migrate.ts";
import { postgrestConfigure } from "../../src/app/postgrest-config.ts";
import { secretPrepare, secretRevoke, secretRotate, secretStatus } from "../../src/app/secret.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

const db = useReferenceDatabase();

/** The options of a command on this file's database. */
function options(env: Readonly<Record<string, string>> = {}, projectDir = REPOSITORY) {
  const databaseUrl = connectionUrl({ ...inject("server").owner, database: db.name });
  return { projectDir, databaseUrl, env, onEvent: () => {} };
}

interface Row {
  readonly secret: string;
  readonly standby_secret: string | null;
  readonly previous_secret: string | null;
}

async function stored(): Promise<Row> {
  const [row] = await db.rows<Row & Record<string, unknown>>("select * from auth.secrets");
  if (row === undefined) throw new Error("there is no secret");
  return row;
}

const sign = async (): Promise<string> => await db.value("select auth.sign_jwt('{\"a\": 1}')::text");
const verify = async (token: string, secret: string | null): Promise<unknown> =>
  await jwtVerify(token, new TextEncoder().encode(secret ?? ""));

describe.sequential("an exchange", () => {
  test("signs with the secret that waited, and keeps the one before until it is revoked", async () => {
    const first = await stored();
    expect(await secretPrepare(options())).toMatchObject({
      changed: true,
      unannounced: false,
      standby: true,
      previous: null,
    });
    const prepared = await stored();
    expect(prepared).toMatchObject({ secret: first.secret, standby_secret: expect.stringMatching(/^[\w-]{64}$/) });
    await verify(await sign(), first.secret);

    const rotated = await secretRotate({ ...options(), graceSeconds: 3600 });
    expect(rotated).toMatchObject({ unannounced: false, standby: false, previous: { accepted: true } });
    expect(Date.parse(rotated.previous?.until ?? "") - Date.now()).toBeGreaterThan(3_500_000);
    const second = await stored();
    expect(second).toMatchObject({
      secret: prepared.standby_secret,
      standby_secret: null,
      previous_secret: first.secret,
    });
    const token = await sign();
    await verify(token, second.secret);
    await expect(verify(token, first.secret)).rejects.toThrow("signature");

    await expect(secretRotate({ ...options(), graceSeconds: 60 })).rejects.toMatchObject({ code: "SECRET_ROTATION" });
    await expect(secretRevoke(options())).rejects.toMatchObject({ code: "SECRET_ROTATION" });
    expect(await stored()).toEqual(second);
    await db.rows("update auth.secrets set previous_until = now() - interval '1 second'");
    expect(await secretStatus(options())).toMatchObject({ changed: false, previous: { accepted: false } });
    expect(await secretRevoke(options())).toMatchObject({ changed: true, previous: null });
    expect(await stored()).toMatchObject({ secret: second.secret, previous_secret: null });
    expect(await secretRevoke(options())).toMatchObject({ changed: false });
  });

  test("of two at once, one is refused, and no secret that is accepted is lost", async () => {
    const before = await stored();
    const both = await Promise.allSettled([1, 2].map(() => secretRotate({ ...options(), graceSeconds: 60 })));
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await stored()).toMatchObject({ previous_secret: before.secret, standby_secret: null });
    await secretRevoke({ ...options(), now: true });
  });

  test("without grace leaves nothing of the one before", async () => {
    const { secret } = await stored();
    expect(await secretRotate({ ...options(), graceSeconds: 0 })).toMatchObject({ unannounced: true, previous: null });
    const after = await stored();
    expect(after).toMatchObject({ previous_secret: null, standby_secret: null });
    expect(after.secret).not.toBe(secret);
  });

  test("takes the secret of the environment, but no stale one, and a deployment does not bring that back", async () => {
    const { secret: old } = await stored();
    const chosen = "a secret that somebody chose 0123456789";
    const rotate = async (env: Record<string, string>) => await secretRotate({ ...options(env), graceSeconds: 60 });
    await expect(rotate({ TM_DB_JWT_SECRET: old })).rejects.toMatchObject({ code: "SECRET_ROTATION" });
    await expect(rotate({ TM_DB_JWT_SECRET: "short" })).rejects.toMatchObject({ code: "SECRET_TOO_SHORT" });
    await rotate({ TM_DB_JWT_SECRET: chosen });
    expect(await stored()).toMatchObject({ secret: chosen, previous_secret: old });
    await expect(migrate(options({ TM_DB_JWT_SECRET: old }))).rejects.toMatchObject({ code: "SECRET_ROTATION" });
    expect(await migrate(options({ TM_DB_JWT_SECRET: chosen }))).toMatchObject({ secrets: { jwtSecret: "kept" } });
    expect(await stored()).toMatchObject({ secret: chosen, previous_secret: old });

    await secretRevoke({ ...options(), now: true });
    await secretPrepare(options());
    const prepared = await stored();
    await expect(rotate({ TM_DB_JWT_SECRET: chosen })).rejects.toMatchObject({ code: "SECRET_ROTATION" });
    await expect(migrate(options({ TM_DB_JWT_SECRET: prepared.standby_secret ?? "" }))).rejects.toMatchObject({
      code: "SECRET_ROTATION",
    });
    expect(await stored()).toEqual(prepared);
    // The control: another one is put there, as ever, and voids everything.
    const other = "yet another secret 01234567890123456789";
    expect(await migrate(options({ TM_DB_JWT_SECRET: other }))).toMatchObject({
      secrets: { jwtSecret: "set from TM_DB_JWT_SECRET" },
    });
    expect(await stored()).toMatchObject({ secret: other, standby_secret: null, previous_secret: null });
  });
});

test("the row holds no short secret, and no previous one without its time", async () => {
  const change = async (assignment: string): Promise<unknown> => await db.rows(`update auth.secrets set ${assignment}`);
  for (const column of ["standby_secret", "previous_secret"])
    await expect(change(`${column} = 'short', previous_until = now()`)).rejects.toMatchObject({ code: "23514" });
  await expect(change("previous_secret = repeat('x', 32)")).rejects.toMatchObject({ code: "23514" });
  await expect(change("previous_until = now()")).rejects.toMatchObject({ code: "23514" });
  await change("previous_secret = repeat('x', 32), previous_until = now()");
  await change("previous_secret = null, previous_until = null");
});

describe.sequential("settings in the database", () => {
  const names = ["pgrst.db_schemas", "pgrst.db_extra_search_path", "pgrst.db_anon_role", "pgrst.db_pre_request"];
  const configure = async (reset = false) => await postgrestConfigure({ ...options(), form: "database", reset });
  const settings = async (): Promise<unknown[]> =>
    await db.value(
      `select coalesce(json_agg(c order by c), '[]') from pg_db_role_setting as s, unnest(s.setconfig) as c
       where s.setdatabase = (select oid from pg_database where datname = current_database())`,
    );

  test("need a superuser's grant, which the error spells out, and are then what PostgREST reads", async () => {
    const refusal: unknown = await configure().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PERMISSION_DENIED" });
    const grant = /grant set on parameter [^;]+;/.exec((refusal as { hint: string }).hint)?.[0] ?? "";
    const superuser = await db.connect("superuser");
    await superuser.query(grant);
    expect(await configure()).toMatchObject({ change: "written", names, path: null });
    expect(await settings()).toEqual([
      "pgrst.db_anon_role=api_anonymous",
      "pgrst.db_extra_search_path=public",
      "pgrst.db_pre_request=auth.pre_request",
      "pgrst.db_schemas=api",
    ]);
    expect(await configure()).toMatchObject({ change: "unchanged" });
    await db.rows(`alter role authenticator in database "${db.name}" set pgrst.db_schemas to 'api,auth'`);
    expect(await configure()).toMatchObject({ change: "written" });

    // PostgREST's own query finds them, for the role that it logs in as.
    expect(
      await db.value(
        `select count(*) from pg_db_role_setting as s, unnest(s.setconfig) as c
         where s.setrole = 'authenticator'::regrole and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
           and split_part(c, '=', 1) = any ($1)`,
        [names],
      ),
    ).toBe(4);
    expect(await configure(true)).toMatchObject({ change: "written", names: [] });
    expect(await settings()).toEqual([]);
    expect(await configure(true)).toMatchObject({ change: "unchanged" });
    await superuser.query(grant.replace("grant set", "revoke set").replace(/ to (?=[^ ]+;)/, " from "));
  });
});

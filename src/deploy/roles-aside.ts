import { randomBytes } from "node:crypto";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isPermissionDenied } from "../db/run-script.ts";
import { type BuildFiles, buildFromNothing } from "./build.ts";
import type { DeploymentRun } from "./run.ts";

/** What a build has made, with roles of its own. */
export interface BuiltWithRoles {
  readonly run: DeploymentRun;
  /** Names that roles of the server have until the transaction ends. */
  readonly aside: ReadonlySet<string>;
  /** Roles that the files seem to make and that this role may not rename: the build met them as they are. */
  readonly rolesAsTheyAre: readonly string[];
}

/**
 * Builds files as `buildFromNothing` does, but with roles as the files make them: those of `names`, which the server has
 * already, are out of the way, under another name, until the transaction ends. It is never committed, so nobody else sees
 * that. Not in a subtransaction: a value that is added to an enum can be used only where the type was made in the same one.
 * @throws TmDbError SQL_ERROR and its like.
 */
export async function buildWithOwnRoles(
  client: DatabaseClient,
  files: BuildFiles,
  names: readonly string[],
): Promise<BuiltWithRoles> {
  const { aside, kept } = await putAside(client, names);
  const run = await buildFromNothing(client, files);
  await bringBack(client, aside);
  return { run, aside: new Set(aside.values()), rolesAsTheyAre: kept };
}

/**
 * Roles of the server that files seem to make, in one order, as others may do the same meanwhile. Which they make is not known
 * before they run: `create role` may stand in a `do` block, with a name put together. So it is all that are named in such a
 * migration.
 */
export async function rolesNamed(client: DatabaseClient, { migrations }: BuildFiles): Promise<readonly string[]> {
  const texts = migrations.map(({ part }) => part.sql).filter((sql) => /\bcreate\s+(role|user|group)\b/i.test(sql));
  if (texts.length === 0) return [];
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name
     from pg_catalog.pg_roles
     where oid >= 16384 and rolname not in (current_user, session_user)
     order by rolname`,
  );
  return rows.map(({ name }) => name).filter((name) => texts.some((text) => text.includes(name)));
}

/**
 * The roles to try again with after a build that failed: without those that the error names, as they may be missing; and
 * without any where it names none, or another session is at work on one of them.
 */
export function rolesLeft(names: readonly string[], error: unknown): readonly string[] {
  const { message, detail, code } = error instanceof TmDbError ? error : { message: "", detail: "", code: "" };
  const words = `${message}\n${detail ?? ""}`;
  const left = names.filter((name) => !words.includes(name));
  return left.length === names.length || code === "LOCK_TIMEOUT" ? [] : left;
}

/** `aside`: names by the original ones. `kept`: what this role may not rename. */
async function putAside(
  client: DatabaseClient,
  names: readonly string[],
): Promise<{ readonly aside: ReadonlyMap<string, string>; readonly kept: readonly string[] }> {
  const aside = new Map<string, string>();
  const kept: string[] = [];
  // Others may do the same at this moment, and would wait for each other because of a name. Who changes one of these roles
  // just now goes first.
  await client.query("set local lock_timeout = 100");
  const own = `tm_db_aside_${randomBytes(4).toString("hex")}`;
  for (const [index, name] of names.entries()) {
    const other = `${own}_${index}`;
    try {
      await client.query(
        `savepoint tm_db_role; alter role ${quoteIdent(name)} rename to ${other}; release savepoint tm_db_role`,
      );
      aside.set(name, other);
    } catch (error) {
      // Since 16 that wants the role's admin option.
      if (!isPermissionDenied(error)) throw error;
      await client.query("rollback to savepoint tm_db_role; release savepoint tm_db_role");
      kept.push(name);
    }
  }
  await client.query("set local lock_timeout to default");
  return { aside, kept };
}

/** What the files did not make is what it was. */
async function bringBack(client: DatabaseClient, aside: ReadonlyMap<string, string>): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select name from pg_catalog.unnest($1::text[]) as name where pg_catalog.to_regrole(pg_catalog.quote_ident(name)) is null",
    [[...aside.keys()]],
  );
  for (const { name } of rows) await client.query(`alter role ${aside.get(name) ?? ""} rename to ${quoteIdent(name)}`);
}

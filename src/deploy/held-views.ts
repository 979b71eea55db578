import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { Dependencies } from "./dependencies.ts";
import { type Holder, objectHeld } from "./object-held.ts";
import type { DeploymentRun } from "./run.ts";

/** Views that are replaced in place because something that no file made depends on them. */
export interface HeldViews {
  readonly holders: readonly Holder[];
  /** Of each view, by its quoted name, its columns. */
  readonly columns: ReadonlyMap<string, string>;
}

/** Those among what `keepable` names; undefined where there are none. */
export async function readHeldViews(
  run: DeploymentRun,
  keepable: ReadonlySet<string>,
  { holders }: Dependencies,
): Promise<HeldViews | undefined> {
  const views = run.applied.flatMap(({ path, made }) =>
    made.flatMap(({ identity, object }) =>
      object?.type === "view" && keepable.has(identity) ? [{ path, identity, name: object.name }] : [],
    ),
  );
  if (views.length === 0) return undefined;
  return {
    holders: views.flatMap(({ path, identity }) =>
      (holders.get(identity) ?? []).map((holder) => ({ path, identity, holder })),
    ),
    columns: await readColumns(
      run.client,
      views.map(({ name }) => name),
    ),
  };
}

async function readColumns(client: DatabaseClient, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; columns: string | null }>(
    `select
       v.name,
       (
         select string_agg(format('%I %s', a.attname, a.atttypid), ', ' order by a.attnum)
         from pg_catalog.pg_attribute as a
         where a.attrelid = to_regclass(v.name) and a.attnum > 0
       ) as columns
     from unnest($1::text[]) as v (name)`,
    [names],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns ?? ""]));
}

/**
 * Applies files. A view that gains a column could not lose it again, so that the way back would be none; PostgreSQL itself
 * refuses what else is not the same.
 * @throws TmDbError OBJECT_HELD.
 */
export async function withSameColumns(
  client: DatabaseClient,
  { holders, columns }: HeldViews,
  apply: () => Promise<string[]>,
): Promise<string[]> {
  let left: string[];
  try {
    left = await apply();
  } catch (error) {
    // invalid_table_definition: "cannot drop columns from view" and its like.
    throw error instanceof TmDbError && error.sqlState === "42P16" ? objectHeld(holders) : error;
  }
  const now = await readColumns(client, [...columns.keys()]);
  if ([...columns].some(([name, before]) => now.get(name) !== before)) throw objectHeld(holders);
  return left;
}

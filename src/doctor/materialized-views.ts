import type { DatabaseClient } from "../db/client.ts";
import { type MaterializedView, readMaterializedViews } from "../db/refresh.ts";
import { allOr, listed, ok, problem, skipped, type Verdict, warning } from "./verdict.ts";

export interface MaterializedViewFacts extends Pick<MaterializedView, "schema" | "name" | "canConcurrently"> {
  readonly isPopulated: boolean;
  /** Seconds since it was refreshed or altered; null where PostgreSQL does not know. */
  readonly age: number | null;
}

/**
 * Whether the materialized views hold something, and since when. PostgreSQL keeps no time of a refresh, but each one
 * writes the view's row of pg_class, and with `track_commit_timestamp` a row's transaction has a time.
 */
export async function checkMaterializedViews(client: DatabaseClient): Promise<readonly Verdict[]> {
  const views = await readMaterializedViews(client);
  if (views.length === 0) return [skipped("there is no materialized view")];
  const { rows: settings } = await client.query<{ tracked: boolean }>(
    "select current_setting('track_commit_timestamp')::boolean as tracked",
  );
  const age =
    settings[0]?.tracked === true
      ? "extract(epoch from clock_timestamp() - pg_xact_commit_timestamp(c.xmin))::float8"
      : "null::float8";
  const { rows } = await client.query<{ schema: string; name: string; isPopulated: boolean; age: number | null }>(
    `select n.nspname as schema, c.relname as name, c.relispopulated as "isPopulated", ${age} as age
     from pg_catalog.pg_class as c
     join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = 'm'`,
  );
  return judgeMaterializedViews(
    views.map(({ schema, name, canConcurrently }) => {
      const facts = rows.find((row) => row.schema === schema && row.name === name);
      return { schema, name, canConcurrently, isPopulated: facts?.isPopulated ?? false, age: facts?.age ?? null };
    }),
  );
}

export function judgeMaterializedViews(views: readonly MaterializedViewFacts[]): readonly Verdict[] {
  const nameOf = ({ schema, name }: MaterializedViewFacts): string => `${schema}.${name}`;
  const wrong = views.flatMap((view): Verdict[] => {
    if (!view.isPopulated) {
      return [problem(`${nameOf(view)} was never filled: reading it fails`, "npx tm-db refresh")];
    }
    if (view.canConcurrently) return [];
    return [
      warning(
        `readers of ${nameOf(view)} wait while it is refreshed: it has no unique index`,
        "npx tm-db new index_for_refresh",
        { kind: "relation", schema: view.schema, name: view.name },
      ),
    ];
  });
  if (wrong.length > 0) return wrong;
  const known = views.flatMap((view) => (view.age === null ? [] : [`${nameOf(view)} ${agoText(view.age)}`]));
  if (known.length > 0) return [ok(`refreshed or altered: ${listed(known, 5)}`)];
  const names = listed(views.map(nameOf));
  return allOr([], `filled: ${names}; since when is not known (track_commit_timestamp is off)`);
}

function agoText(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

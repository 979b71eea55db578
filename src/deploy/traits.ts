import type { DatabaseClient } from "../db/client.ts";
import type { TargetObject } from "./declaration.ts";
import { factsKey } from "./facts.ts";
import { withRoutines } from "./routine-oid.ts";

/** What migrations can set of a function or view, and no file says. */
export interface Traits {
  readonly owner: string;
  /** `security_barrier=true` and its like; empty for functions. */
  readonly options: readonly string[];
  readonly columns: readonly { readonly name: string; readonly default: string | null }[];
}

/** Reads it of those that are there, by `factsKey`. */
export async function readTraits(
  client: DatabaseClient,
  targets: readonly TargetObject[],
): Promise<ReadonlyMap<string, Traits>> {
  if (targets.length === 0) return new Map();
  const named = targets.map((target) => ({
    key: factsKey(target),
    isRoutine: target.keyword !== "table",
    name: target.name,
  }));
  const { rows } = await client.query<Traits & { key: string }>(withRoutines(client, TRAITS), [JSON.stringify(named)]);
  return new Map(rows.map(({ key, owner, options, columns }) => [key, { owner, options, columns }]));
}

const TRAITS = `
select
  o.key,
  pg_catalog.pg_get_userbyid(o.owner) as owner,
  to_json(coalesce(o.options, '{}')) as options,
  (
    select coalesce(json_agg(json_build_object('name', a.attname, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid))), '[]')
    from pg_catalog.pg_attribute as a
    left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = o.class and a.attnum > 0
  ) as columns
from (
  select t.key, p.proowner as owner, null::text[] as options, null::oid as class
  from jsonb_to_recordset($1::jsonb) as t (key text, "isRoutine" boolean, name text)
  join pg_catalog.pg_proc as p on p.oid = routine_oid(t.name)
  where t."isRoutine"
  union all
  select t.key, c.relowner, c.reloptions, c.oid
  from jsonb_to_recordset($1::jsonb) as t (key text, "isRoutine" boolean, name text)
  join pg_catalog.pg_class as c on c.oid = to_regclass(t.name)
  where not t."isRoutine"
) as o`;

import type { FactBase } from "@supabase/pg-delta";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { withPool } from "../db/pool.ts";

/** Everything that the catalog of a database says of its objects, without object ids and order. */
export interface Catalog {
  readonly facts: FactBase;
  /** What pg-delta leaves out, as sorted lines: settings of roles and databases, default privileges for all schemas, extended statistics, column storage. */
  readonly others: readonly string[];
}

/** A difference between two catalogs, in words. */
export interface CatalogDifference {
  readonly kind: "missing" | "extra" | "different";
  /** Which object, for example `policy api.tasks.select_member`. */
  readonly object: string;
  /** For `different`: which property, and both its values. */
  readonly detail: string;
}

/** Reads a database's catalog in one snapshot: what @supabase/pg-delta sees, and what it leaves out. */
export async function readCatalog(spec: ConnectionSpec): Promise<Catalog> {
  const { extract } = await import("@supabase/pg-delta");
  return await withPool(spec, async (pool) => {
    const { factBase } = await extract(pool);
    const { rows } = await pool.query<{ line: string }>(OTHERS);
    return { facts: factBase, others: rows.map(({ line }) => line) };
  });
}

const OTHERS = `
select format('setting of role %s: %s', r.rolname, array_to_string(s.setconfig, ', ')) as line
from pg_catalog.pg_db_role_setting as s
join pg_catalog.pg_roles as r on r.oid = s.setrole
where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
union all
select format('setting of the database: %s', array_to_string(s.setconfig, ', '))
from pg_catalog.pg_db_role_setting as s
where s.setrole = 0 and s.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
union all
select
  format(
    'default privileges of %s%s on %s: %s',
    pg_catalog.pg_get_userbyid(d.defaclrole),
    ' in schema ' || d.defaclnamespace::regnamespace::text,
    d.defaclobjtype,
    (select string_agg(a::text, ', ' order by a::text) from unnest(d.defaclacl) as a)
  )
from pg_catalog.pg_default_acl as d
union all
select pg_catalog.pg_get_statisticsobjdef(e.oid)
from pg_catalog.pg_statistic_ext as e
union all
select format('column %s.%s: statistics %s, storage %s', a.attrelid::regclass, a.attname, a.attstattarget, a.attstorage)
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attnum > 0
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'm')
  and n.nspname not in ('pg_catalog', 'information_schema', 'tm_db')
  and n.nspname not like 'pg\\_toast%'
  and (coalesce(a.attstattarget, -1) <> -1 or a.attstorage <> t.typstorage)
order by 1`;

/** What `actual` has too little, too much, or otherwise than `expected`; tm-db's own ledger is left out. */
export async function compareCatalogs(expected: Catalog, actual: Catalog): Promise<CatalogDifference[]> {
  const { diff, encodeId } = await import("@supabase/pg-delta");
  const differences = diff(expected.facts, actual.facts).flatMap((delta): CatalogDifference[] => {
    switch (delta.verb) {
      case "add":
        return [{ kind: "extra", object: encodeId(delta.fact.id), detail: "" }];
      case "remove":
        return [{ kind: "missing", object: encodeId(delta.fact.id), detail: "" }];
      case "set":
        return [
          {
            kind: "different",
            object: encodeId(delta.id),
            detail: `${delta.attr}: ${JSON.stringify(delta.from)} → ${JSON.stringify(delta.to)}`,
          },
        ];
      // Dependencies follow from definitions, which are compared as texts.
      case "link":
      case "unlink":
        return [];
      default:
        return delta satisfies never;
    }
  });
  const lost = expected.others.filter((line) => !actual.others.includes(line));
  const found = actual.others.filter((line) => !expected.others.includes(line));
  return [
    ...differences.filter(({ object }) => !/\btm_db\b/.test(object)),
    ...lost.map((line): CatalogDifference => ({ kind: "missing", object: line, detail: "" })),
    ...found.map((line): CatalogDifference => ({ kind: "extra", object: line, detail: "" })),
  ];
}

import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { DefaultPrivilege } from "./default-privileges.ts";
import type { TargetObject } from "./declaration.ts";
import type { ObjectFacts } from "./undo.ts";
import { withRoutines } from "./routine-oid.ts";

/** Objects of which something is to be known. Names are quoted, as in `TargetObject`. */
export interface FactsRequest {
  readonly targets: readonly TargetObject[];
  /** The keys of those that the files themselves make: they are not there yet. */
  readonly absent: ReadonlySet<string>;
  /** What an absent object gets. */
  readonly readDefaults: () => Promise<readonly DefaultPrivilege[]>;
}

/** Reads the state of the objects that files are about to touch. An absent one has the privileges that it will get. */
export async function readFacts(
  client: DatabaseClient,
  { targets, absent, readDefaults }: FactsRequest,
): Promise<ReadonlyMap<string, ObjectFacts>> {
  const unique = [...new Map(targets.map((target) => [factsKey(target), target])).values()];
  const present = unique.filter((target) => !absent.has(factsKey(target)));
  const found =
    present.length === 0
      ? []
      : (await client.query<{ facts: ObjectFacts }>(withRoutines(client, FACTS), [JSON.stringify(present)])).rows.map(
          ({ facts }) => facts,
        );
  const isNew = unique.filter((target) => absent.has(factsKey(target)));
  const defaults = isNew.length === 0 ? [] : await readDefaults();
  return new Map(
    [...found, ...isNew.map((target) => newFacts(target, defaults))].map((facts) => [factsKey(facts), facts]),
  );
}

function newFacts(target: TargetObject, defaults: readonly DefaultPrivilege[]): ObjectFacts {
  const kind = ROUTINES.has(target.keyword) ? "function" : "table";
  const acl = defaults.filter(
    (entry) => entry.kind === kind && (entry.schema === null || target.name.startsWith(`${quoteIdent(entry.schema)}.`)),
  );
  return { ...target, oid: null, rowSecurity: false, forceRowSecurity: false, comment: null, parts: [], acl };
}

const ROUTINES: ReadonlySet<TargetObject["keyword"]> = new Set(["function", "procedure", "routine"]);

/** What makes two mentions the same object: a procedure may be called a routine in `grant`. */
export function factsKey(target: Pick<TargetObject, "keyword" | "name">): string {
  const keyword = ROUTINES.has(target.keyword) ? "function" : target.keyword === "sequence" ? "table" : target.keyword;
  return `${keyword} ${target.name}`;
}

/** Row by row, each found by an index: joined, the catalogs would be read from end to end. */
const FACTS = `
with target as materialized (
  select
    t.keyword,
    t.name,
    case when t.keyword in ('table', 'sequence') then to_regclass(t.name)::oid end as class,
    case when t.keyword in ('function', 'procedure', 'routine') then routine_oid(t.name) end as routine,
    case when t.keyword = 'schema' then to_regnamespace(t.name)::oid end as namespace,
    case when t.keyword = 'type' then to_regtype(t.name)::oid end as type,
    case
      when t.keyword in ('table', 'sequence', 'function', 'procedure', 'routine', 'type')
        then to_regnamespace(substring(t.name from '^(?:"(?:[^"]|"")*"|[^".([]+)'))::oid
    end as home,
    case t.keyword
      when 'sequence' then 's'
      when 'function' then 'f'
      when 'procedure' then 'f'
      when 'routine' then 'f'
      when 'schema' then 'n'
      when 'type' then 'T'
      else 'r'
    end::"char" as letter
  from jsonb_to_recordset($1::jsonb) as t (keyword text, name text)
)
select
  json_build_object(
    'keyword', t.keyword,
    'name', t.name,
    'oid', coalesce(t.class, t.routine, t.namespace, t.type),
    'rowSecurity', coalesce((select c.relrowsecurity from pg_catalog.pg_class as c where c.oid = t.class), false),
    'forceRowSecurity', coalesce((select c.relforcerowsecurity from pg_catalog.pg_class as c where c.oid = t.class), false),
    'comment', coalesce(
      pg_catalog.obj_description(t.class, 'pg_class'),
      pg_catalog.obj_description(t.routine, 'pg_proc'),
      pg_catalog.obj_description(t.namespace, 'pg_namespace'),
      pg_catalog.obj_description(t.type, 'pg_type')
    ),
    'parts', coalesce(
      (
        select json_agg(json_build_object('kind', p.kind, 'name', p.name, 'comment', p.comment))
        from (
          select 'column' as kind, at.attname::text as name, d.description as comment
          from pg_catalog.pg_description as d
          join pg_catalog.pg_attribute as at on at.attrelid = d.objoid and at.attnum = d.objsubid
          where d.objoid = t.class and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid > 0
          union all
          select 'policy', o.polname::text, d.description
          from pg_catalog.pg_policy as o
          join pg_catalog.pg_description as d on d.objoid = o.oid and d.classoid = 'pg_catalog.pg_policy'::regclass
          where o.polrelid = t.class
          union all
          select 'trigger', o.tgname::text, d.description
          from pg_catalog.pg_trigger as o
          join pg_catalog.pg_description as d on d.objoid = o.oid and d.classoid = 'pg_catalog.pg_trigger'::regclass
          where o.tgrelid = t.class
          union all
          select 'constraint', o.conname::text, d.description
          from pg_catalog.pg_constraint as o
          join pg_catalog.pg_description as d on d.objoid = o.oid and d.classoid = 'pg_catalog.pg_constraint'::regclass
          where o.conrelid = t.class
        ) as p
      ),
      '[]'
    ),
    'acl', coalesce(
      (
        select
          json_agg(
            json_build_object(
              'column', e.column_name,
              'privilege', e.privilege_type,
              'grantee', case e.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(e.grantee) end,
              'grantable', e.is_grantable
            )
          )
        from (
          select null::text as column_name, a.privilege_type, a.grantee, a.is_grantable, a.grantor
          from pg_catalog.aclexplode(
            coalesce(
              (
                select coalesce(
                  c.relacl,
                  pg_catalog.acldefault(case c.relkind when 'S' then 's' else t.letter end, c.relowner)
                )
                from pg_catalog.pg_class as c
                where c.oid = t.class
              ),
              (
                select coalesce(p.proacl, pg_catalog.acldefault(t.letter, p.proowner))
                from pg_catalog.pg_proc as p
                where p.oid = t.routine
              ),
              (
                select coalesce(n.nspacl, pg_catalog.acldefault(t.letter, n.nspowner))
                from pg_catalog.pg_namespace as n
                where n.oid = t.namespace
              ),
              (
                select coalesce(y.typacl, pg_catalog.acldefault(t.letter, y.typowner))
                from pg_catalog.pg_type as y
                where y.oid = t.type
              ),
              coalesce(
                (
                  select d.defaclacl
                  from pg_catalog.pg_default_acl as d
                  where d.defaclrole = pg_catalog.quote_ident(current_user)::regrole
                    and d.defaclnamespace = 0
                    and d.defaclobjtype = case t.letter when 's' then 'S' else t.letter end
                ),
                pg_catalog.acldefault(t.letter, pg_catalog.quote_ident(current_user)::regrole)
              ) || coalesce(
                (
                  select d.defaclacl
                  from pg_catalog.pg_default_acl as d
                  where d.defaclrole = pg_catalog.quote_ident(current_user)::regrole
                    and d.defaclnamespace = t.home
                    and d.defaclobjtype = case t.letter when 's' then 'S' else t.letter end
                ),
                '{}'
              )
            )
          ) as a
          union all
          select at.attname::text, a.privilege_type, a.grantee, a.is_grantable, a.grantor
          from pg_catalog.pg_attribute as at
          cross join lateral pg_catalog.aclexplode(at.attacl) as a
          where at.attrelid = t.class and not at.attisdropped and at.attacl is not null
        ) as e
        -- What others have granted, a grant or revoke of the owner does not touch.
        where e.grantor = t.owner or not pg_catalog.pg_has_role(t.owner, 'usage')
      ),
      '[]'
    )
  ) as facts
from (
  select
    t.*,
    coalesce(
      (select c.relowner from pg_catalog.pg_class as c where c.oid = t.class),
      (select p.proowner from pg_catalog.pg_proc as p where p.oid = t.routine),
      (select n.nspowner from pg_catalog.pg_namespace as n where n.oid = t.namespace),
      (select y.typowner from pg_catalog.pg_type as y where y.oid = t.type),
      pg_catalog.quote_ident(current_user)::regrole::oid
    ) as owner
  from target as t
) as t`;

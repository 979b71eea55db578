import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { TargetObject } from "./statement.ts";
import type { AclEntry, ObjectFacts } from "./undo.ts";

/**
 * Reads the state of the objects that files are about to touch. An object that is not there yet (`absent` holds the keys
 * of those that the files themselves make) is answered with the privileges that `alter default privileges` will give
 * it. Names are quoted, as in `TargetObject`.
 */
export async function readFacts(
  client: DatabaseClient,
  targets: readonly TargetObject[],
  absent: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ObjectFacts>> {
  const unique = [...new Map(targets.map((target) => [factsKey(target), target])).values()];
  const present = unique.filter((target) => !absent.has(factsKey(target)));
  const found =
    present.length === 0
      ? []
      : (await client.query<{ facts: ObjectFacts }>(FACTS, [JSON.stringify(present)])).rows.map(({ facts }) => facts);
  const isNew = unique.filter((target) => absent.has(factsKey(target)));
  const defaults = isNew.length === 0 ? [] : await readDefaults(client);
  return new Map(
    [...found, ...isNew.map((target) => newFacts(target, defaults))].map((facts) => [factsKey(facts), facts]),
  );
}

/** What a new function or table gets: `schema` is null for what holds in every schema. */
interface DefaultAcl extends AclEntry {
  readonly kind: "function" | "table";
  readonly schema: string | null;
}

async function readDefaults(client: DatabaseClient): Promise<DefaultAcl[]> {
  const { rows } = await client.query<DefaultAcl>(DEFAULTS);
  return rows;
}

function newFacts(target: TargetObject, defaults: readonly DefaultAcl[]): ObjectFacts {
  const kind = ROUTINES.has(target.keyword) ? "function" : "table";
  const acl = defaults.filter(
    (entry) => entry.kind === kind && (entry.schema === null || target.name.startsWith(`${quoteIdent(entry.schema)}.`)),
  );
  return { ...target, oid: null, rowSecurity: false, forceRowSecurity: false, comment: null, parts: [], acl };
}

const DEFAULTS = `
select
  k.kind,
  n.nspname as schema,
  null as column,
  a.privilege_type as privilege,
  case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end as grantee,
  a.is_grantable as grantable
from (values ('function', 'f'::"char"), ('table', 'r'::"char")) as k (kind, letter)
cross join lateral (
  select 0 as namespace, coalesce(
    (
      select d.defaclacl
      from pg_catalog.pg_default_acl as d
      where d.defaclrole = current_user::regrole and d.defaclnamespace = 0 and d.defaclobjtype = k.letter
    ),
    pg_catalog.acldefault(k.letter, current_user::regrole)
  ) as acl
  union all
  select d.defaclnamespace, d.defaclacl
  from pg_catalog.pg_default_acl as d
  where d.defaclrole = current_user::regrole and d.defaclnamespace <> 0 and d.defaclobjtype = k.letter
) as l
left join pg_catalog.pg_namespace as n on n.oid = l.namespace
cross join lateral pg_catalog.aclexplode(l.acl) as a`;

const ROUTINES: ReadonlySet<TargetObject["keyword"]> = new Set(["function", "procedure", "routine"]);

/** What makes two mentions the same object: a procedure may be called a routine in `grant`. */
export function factsKey(target: Pick<TargetObject, "keyword" | "name">): string {
  const keyword = ROUTINES.has(target.keyword) ? "function" : target.keyword === "sequence" ? "table" : target.keyword;
  return `${keyword} ${target.name}`;
}

const FACTS = `
with target as (
  select
    t.keyword,
    t.name,
    case when t.keyword in ('table', 'sequence') then to_regclass(t.name)::oid end as class,
    case when t.keyword in ('function', 'procedure', 'routine') then to_regprocedure(t.name)::oid end as routine,
    case when t.keyword = 'schema' then to_regnamespace(t.name)::oid end as namespace,
    case when t.keyword = 'type' then to_regtype(t.name)::oid end as type,
    case
      when t.keyword in ('table', 'sequence', 'function', 'procedure', 'routine', 'type')
        then to_regnamespace(substring(t.name from '^(?:"(?:[^"]|"")*"|[^".([]+)'))::oid
    end as home
  from jsonb_to_recordset($1::jsonb) as t (keyword text, name text)
),
acl as (
  select t.keyword, t.name, null::text as column_name, a.privilege_type, a.grantee, a.is_grantable
  from target as t
  left join pg_catalog.pg_class as c on c.oid = t.class
  left join pg_catalog.pg_proc as p on p.oid = t.routine
  left join pg_catalog.pg_namespace as n on n.oid = t.namespace
  left join pg_catalog.pg_type as y on y.oid = t.type
  cross join lateral (
    select
      case t.keyword
        when 'sequence' then 's'
        when 'function' then 'f'
        when 'procedure' then 'f'
        when 'routine' then 'f'
        when 'schema' then 'n'
        when 'type' then 'T'
        else case c.relkind when 'S' then 's' else 'r' end
      end::"char" as letter
  ) as l
  cross join lateral pg_catalog.aclexplode(
    case
      when coalesce(c.oid, p.oid, n.oid, y.oid) is not null
        then coalesce(
          c.relacl, p.proacl, n.nspacl, y.typacl,
          pg_catalog.acldefault(l.letter, coalesce(c.relowner, p.proowner, n.nspowner, y.typowner))
        )
      else coalesce(
        (
          select d.defaclacl
          from pg_catalog.pg_default_acl as d
          where d.defaclrole = current_user::regrole
            and d.defaclnamespace = 0
            and d.defaclobjtype = case l.letter when 's' then 'S' else l.letter end
        ),
        pg_catalog.acldefault(l.letter, current_user::regrole)
      ) || coalesce(
        (
          select d.defaclacl
          from pg_catalog.pg_default_acl as d
          where d.defaclrole = current_user::regrole
            and d.defaclnamespace = t.home
            and d.defaclobjtype = case l.letter when 's' then 'S' else l.letter end
        ),
        '{}'
      )
    end
  ) as a
  union all
  select t.keyword, t.name, at.attname::text, a.privilege_type, a.grantee, a.is_grantable
  from target as t
  join pg_catalog.pg_attribute as at on at.attrelid = t.class and not at.attisdropped and at.attacl is not null
  cross join lateral pg_catalog.aclexplode(at.attacl) as a
),
part as (
  select t.keyword, t.name, 'column' as kind, at.attname::text as part_name, d.description as comment
  from target as t
  join pg_catalog.pg_description as d on d.objoid = t.class and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid > 0
  join pg_catalog.pg_attribute as at on at.attrelid = d.objoid and at.attnum = d.objsubid
  union all
  select t.keyword, t.name, 'policy', p.polname::text, d.description
  from target as t
  join pg_catalog.pg_policy as p on p.polrelid = t.class
  join pg_catalog.pg_description as d on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_policy'::regclass
  union all
  select t.keyword, t.name, 'trigger', g.tgname::text, d.description
  from target as t
  join pg_catalog.pg_trigger as g on g.tgrelid = t.class
  join pg_catalog.pg_description as d on d.objoid = g.oid and d.classoid = 'pg_catalog.pg_trigger'::regclass
  union all
  select t.keyword, t.name, 'constraint', o.conname::text, d.description
  from target as t
  join pg_catalog.pg_constraint as o on o.conrelid = t.class
  join pg_catalog.pg_description as d on d.objoid = o.oid and d.classoid = 'pg_catalog.pg_constraint'::regclass
),
acls as (
  select
    a.keyword,
    a.name,
    json_agg(
      json_build_object(
        'column', a.column_name,
        'privilege', a.privilege_type,
        'grantee', case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end,
        'grantable', a.is_grantable
      )
    ) as entries
  from acl as a
  group by a.keyword, a.name
),
parts as (
  select p.keyword, p.name, json_agg(json_build_object('kind', p.kind, 'name', p.part_name, 'comment', p.comment)) as entries
  from part as p
  group by p.keyword, p.name
)
select
  json_build_object(
    'keyword', t.keyword,
    'name', t.name,
    'oid', coalesce(t.class, t.routine, t.namespace, t.type),
    'rowSecurity', coalesce(c.relrowsecurity, false),
    'forceRowSecurity', coalesce(c.relforcerowsecurity, false),
    'comment', coalesce(
      pg_catalog.obj_description(t.class, 'pg_class'),
      pg_catalog.obj_description(t.routine, 'pg_proc'),
      pg_catalog.obj_description(t.namespace, 'pg_namespace'),
      pg_catalog.obj_description(t.type, 'pg_type')
    ),
    'parts', coalesce(p.entries, '[]'),
    'acl', coalesce(a.entries, '[]')
  ) as facts
from target as t
left join pg_catalog.pg_class as c on c.oid = t.class
left join parts as p on p.keyword = t.keyword and p.name = t.name
left join acls as a on a.keyword = t.keyword and a.name = t.name`;

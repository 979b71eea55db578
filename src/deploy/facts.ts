import type { DatabaseClient } from "../db/client.ts";
import type { TargetObject } from "./statement.ts";
import type { ObjectFacts } from "./undo.ts";

/**
 * Reads the state of the objects that files are about to touch, in one query. An object that is not there yet is
 * answered with the privileges that `alter default privileges` will give it. Names are quoted, as in `TargetObject`.
 */
export async function readFacts(
  client: DatabaseClient,
  targets: readonly TargetObject[],
): Promise<ReadonlyMap<string, ObjectFacts>> {
  const unique = new Map(targets.map((target) => [factsKey(target), target]));
  if (unique.size === 0) return new Map();
  const { rows } = await client.query<{ facts: ObjectFacts }>(FACTS, [JSON.stringify([...unique.values()])]);
  return new Map(rows.map(({ facts }) => [factsKey(facts), facts]));
}

/** What makes two mentions the same object: a procedure may be called a function in `grant`. */
export function factsKey(target: Pick<TargetObject, "keyword" | "name">): string {
  const keyword =
    target.keyword === "procedure" ? "function" : target.keyword === "sequence" ? "table" : target.keyword;
  return `${keyword} ${target.name}`;
}

const FACTS = `
with target as (
  select
    t.keyword,
    t.name,
    case when t.keyword in ('table', 'sequence') then to_regclass(t.name)::oid end as class,
    case when t.keyword in ('function', 'procedure') then to_regprocedure(t.name)::oid end as routine,
    case when t.keyword = 'schema' then to_regnamespace(t.name)::oid end as namespace,
    case when t.keyword = 'type' then to_regtype(t.name)::oid end as type,
    case
      when t.keyword in ('table', 'sequence', 'function', 'procedure', 'type')
        then to_regnamespace((parse_ident(split_part(t.name, '(', 1)))[1])::oid
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
  select t.keyword, t.name, 'column' as kind, at.attname::text as part_name, pg_catalog.col_description(t.class, at.attnum) as comment
  from target as t
  join pg_catalog.pg_attribute as at on at.attrelid = t.class and at.attnum > 0 and not at.attisdropped
  union all
  select t.keyword, t.name, 'policy', p.polname::text, pg_catalog.obj_description(p.oid, 'pg_policy')
  from target as t
  join pg_catalog.pg_policy as p on p.polrelid = t.class
  union all
  select t.keyword, t.name, 'trigger', g.tgname::text, pg_catalog.obj_description(g.oid, 'pg_trigger')
  from target as t
  join pg_catalog.pg_trigger as g on g.tgrelid = t.class
  union all
  select t.keyword, t.name, 'constraint', o.conname::text, pg_catalog.obj_description(o.oid, 'pg_constraint')
  from target as t
  join pg_catalog.pg_constraint as o on o.conrelid = t.class
)
select
  json_build_object(
    'keyword', t.keyword,
    'name', t.name,
    'rowSecurity', coalesce(c.relrowsecurity, false),
    'forceRowSecurity', coalesce(c.relforcerowsecurity, false),
    'comment', coalesce(
      pg_catalog.obj_description(t.class, 'pg_class'),
      pg_catalog.obj_description(t.routine, 'pg_proc'),
      pg_catalog.obj_description(t.namespace, 'pg_namespace'),
      pg_catalog.obj_description(t.type, 'pg_type')
    ),
    'parts', coalesce(
      (
        select json_agg(json_build_object('kind', p.kind, 'name', p.part_name, 'comment', p.comment))
        from part as p
        where p.keyword = t.keyword and p.name = t.name and p.comment is not null
      ),
      '[]'
    ),
    'acl', coalesce(
      (
        select
          json_agg(
            json_build_object(
              'column', a.column_name,
              'privilege', a.privilege_type,
              'grantee', case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee) end,
              'grantable', a.is_grantable
            )
          )
        from acl as a
        where a.keyword = t.keyword and a.name = t.name
      ),
      '[]'
    )
  ) as facts
from target as t
left join pg_catalog.pg_class as c on c.oid = t.class`;

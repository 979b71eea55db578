import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { GrantedObject, Subject } from "../core/subject.ts";
import type { DatabaseClient } from "../db/client.ts";
import { API_ROLES, type ApiRoles } from "./roles.ts";
import { absent, allOr, listed, ok, problem, skipped, type Verdict, warning } from "./verdict.ts";

/** What PostgREST is configured with. */
export interface ApiSurface {
  readonly schemas: readonly string[];
  readonly roles: ApiRoles;
  /** `schema.function`. */
  readonly preRequest: string | undefined;
}

export interface SchemaFacts {
  readonly name: string;
  readonly exists: boolean;
  /** The roles of the API that may use it. */
  readonly usedBy: readonly string[];
  /** Roles that were granted it, cannot log in, and are none that requests are made as. */
  readonly strangers: readonly string[];
  readonly publicMayCreate: boolean;
  /** Tables and views on which PUBLIC has a privilege. */
  readonly publicTables: readonly string[];
  /** Functions that PUBLIC may execute, besides those of extensions and triggers. */
  readonly publicFunctions: readonly string[];
  /** The same with their arguments, quoted: `api.greet(integer)`; of several of one name, all. */
  readonly publicSignatures: readonly string[];
}

/** Whether the exposed schemas are there and can be used, and whether PUBLIC, which is everybody, has anything in them. */
export async function checkGrants(client: DatabaseClient, api: ApiSurface): Promise<readonly Verdict[]> {
  return judgeGrants(await readSchemas(client, api), api.roles);
}

export async function readSchemas(client: DatabaseClient, { schemas, roles }: ApiSurface): Promise<SchemaFacts[]> {
  const { rows } = await client.query<SchemaFacts>(
    `with api_role as (${API_ROLES}),
     public_function as (
       select
         p.pronamespace,
         p.proname::text as name,
         format('%I.%I(%s)', f.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as signature
       from pg_catalog.pg_proc as p
       join pg_catalog.pg_namespace as f on f.oid = p.pronamespace
       where f.nspname = any ($3::text[])
         and p.prokind in ('f', 'p')
         and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
         and exists (
           select
           from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
           where a.grantee = 0
         )
         and not exists (${ownedByExtension("pg_proc", "p")})
     )
     select
       wanted.name,
       n.oid is not null as exists,
       array(
         select r.rolname::text
         from api_role as r
         where has_schema_privilege(r.oid, n.oid, 'usage')
         order by 1
       ) as "usedBy",
       array(
         select distinct g.rolname::text
         from aclexplode(n.nspacl) as a
         join pg_catalog.pg_roles as g on g.oid = a.grantee
         where a.privilege_type = 'USAGE'
           and g.oid <> n.nspowner
           and not g.rolcanlogin
           and not exists (select from api_role as r where pg_catalog.pg_has_role(r.oid, g.oid, 'member'))
         order by 1
       ) as strangers,
       exists (
         select
         from aclexplode(n.nspacl) as a
         where a.grantee = 0 and a.privilege_type = 'CREATE'
       ) as "publicMayCreate",
       array(
         select c.relname::text
         from pg_catalog.pg_class as c
         where c.relnamespace = n.oid
           and c.relkind in ('r', 'p', 'v', 'm', 'f')
           and exists (select from aclexplode(c.relacl) as a where a.grantee = 0)
           and not exists (${ownedByExtension("pg_class", "c")})
         order by 1
       ) as "publicTables",
       array(select distinct f.name from public_function as f where f.pronamespace = n.oid order by 1) as "publicFunctions",
       array(select f.signature from public_function as f where f.pronamespace = n.oid order by f.name, 1) as "publicSignatures"
     from unnest($3::text[]) with ordinality as wanted (name, place)
     left join pg_catalog.pg_namespace as n on n.nspname = wanted.name
     order by wanted.place`,
    [roles.authenticator, roles.anonymous, schemas],
  );
  return rows;
}

function ownedByExtension(catalog: string, alias: string): string {
  return `select
    from pg_catalog.pg_depend as d
    where d.classid = 'pg_catalog.${catalog}'::regclass and d.objid = ${alias}.oid and d.deptype = 'e'`;
}

export function judgeGrants(schemas: readonly SchemaFacts[], roles: ApiRoles): readonly Verdict[] {
  const wrong = schemas.flatMap((schema, index) =>
    schema.exists
      ? judgeSchema(schema, roles)
      : [absent(`the exposed schema ${schema.name} is not there`, `exposedSchemas[${index}]`)],
  );
  const well = schemas.map(({ name, usedBy }) => `${name} is open to ${listed(usedBy, 5)}`);
  return allOr(wrong, `${well.join("; ")}; to PUBLIC nothing is granted`);
}

function judgeSchema(schema: SchemaFacts, { authenticator }: ApiRoles): Verdict[] {
  const { name, publicTables, publicFunctions, publicSignatures } = schema;
  const quoted = quoteIdent(name);
  const found: Verdict[] = [];
  if (schema.usedBy.length === 0) {
    found.push(problem(`no role of the API may use the schema ${name}`, `grant usage on schema ${quoted} to <role>;`));
  }
  for (const role of schema.strangers) {
    found.push(
      warning(
        `${role} may use the schema ${name}, and ${authenticator} may not become it: its tokens are refused`,
        `grant ${quoteIdent(role)} to ${quoteIdent(authenticator)};`,
      ),
    );
  }
  if (schema.publicMayCreate) {
    found.push(problem(`everybody may create in the schema ${name}`, `revoke create on schema ${quoted} from public;`));
  }
  if (publicTables.length > 0) {
    found.push(
      problem(
        `everybody has privileges on ${listed(publicTables)} of ${name}`,
        `revoke all on ${publicTables
          .slice(0, 3)
          .map((table) => quoteName(name, table))
          .join(", ")} from public;`,
        publicGrant({ kind: "relation", schema: name, name: publicTables[0] ?? "" }, "select"),
      ),
    );
  }
  if (publicFunctions.length > 0) {
    const functions = publicFunctions.length === 1 ? "1 function" : `${publicFunctions.length} functions`;
    found.push(
      warning(
        `everybody may call ${functions} of ${name}: ${listed(publicFunctions)}`,
        `revoke execute on routine ${publicSignatures.slice(0, 3).join(", ")} from public;   and grant each to those it is for`,
        publicGrant({ kind: "function", schema: name, name: publicFunctions[0] ?? "" }, "execute"),
      ),
    );
  }
  return found;
}

function publicGrant(on: GrantedObject, privilege: string): Subject {
  return { kind: "grant", on, privilege, grantee: "PUBLIC" };
}

export interface PreRequestFacts {
  readonly name: string;
  readonly exists: boolean;
  /** Roles of the API that may not call it: every request of theirs fails. */
  readonly deniedTo: readonly string[];
}

/** PostgREST calls `db-pre-request` in every request, as the role of the request. */
export async function checkPreRequest(client: DatabaseClient, api: ApiSurface): Promise<readonly Verdict[]> {
  const { preRequest, roles } = api;
  if (preRequest === undefined) return [skipped("the project names no preRequest")];
  const [schema = "", name = ""] = preRequest.split(".");
  const { rows } = await client.query<Omit<PreRequestFacts, "name">>(
    `with api_role as (${API_ROLES})
     select
       p.oid is not null as exists,
       array(
         select r.rolname::text
         from api_role as r
         where not (
           has_schema_privilege(r.oid, p.pronamespace, 'usage')
           and has_function_privilege(r.oid, p.oid, 'execute')
         )
         order by 1
       ) as "deniedTo"
     from (select) as one
     left join pg_catalog.pg_proc as p
       on p.pronamespace = (select n.oid from pg_catalog.pg_namespace as n where n.nspname = $3)
       and p.proname = $4
       and p.pronargs - p.pronargdefaults = 0`,
    [roles.authenticator, roles.anonymous, schema, name],
  );
  return judgePreRequest({ name: preRequest, exists: false, deniedTo: [], ...rows[0] });
}

export function judgePreRequest({ name, exists, deniedTo }: PreRequestFacts): readonly Verdict[] {
  const [schema = "", short = ""] = name.split(".");
  if (!exists) return [absent(`every request fails: there is no function ${name}()`, "preRequest")];
  if (deniedTo.length === 0) return [ok(`${name}() runs before each request`)];
  const grantees = deniedTo.map(quoteIdent).join(", ");
  return [
    problem(
      `every request of ${listed(deniedTo)} fails: ${name}() may not be called`,
      `grant usage on schema ${quoteIdent(schema)} to ${grantees}; grant execute on function ${quoteName(schema, short)}() to ${grantees};`,
      { kind: "function", schema, name: short },
    ),
  ];
}

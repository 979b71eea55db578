import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { absent, allOr, listed, problem, type Verdict, warning } from "./verdict.ts";

/** The roles that a project names. */
export interface ApiRoles {
  readonly authenticator: string;
  readonly anonymous: string;
}

/**
 * A query of the roles that requests are made as, by `oid` and `rolname`: those that `$1`, the authenticator, is itself a member
 * of, and `$2`, the anonymous one.
 */
export const API_ROLES = `
  select r.oid, r.rolname
  from pg_catalog.pg_roles as r
  where r.rolname = $2
    or exists (
      select
      from pg_catalog.pg_auth_members as m
      join pg_catalog.pg_roles as a on a.oid = m.member
      where m.roleid = r.oid
        and a.rolname = $1
    )`;

interface Attributes {
  readonly name: string;
  readonly canLogIn: boolean;
  /** Of SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB, REPLICATION those that it has. */
  readonly powers: readonly string[];
}

/** A role that requests are made as: one that the authenticator is a member of, or the anonymous one. */
export interface ApiRole extends Attributes {
  /** Whether the authenticator may `set role` to it. */
  readonly canBeBecome: boolean;
  /** What gives the authenticator its privileges without becoming it; since PostgreSQL 16 each membership says so itself. */
  readonly inheritedBy: "membership" | "attribute" | null;
  /** Roles that it can become in turn and that are more than an API needs; `pg_…` ones are PostgreSQL's own. */
  readonly reaches: readonly string[];
  /** What it owns in this database, in words; `ownsExposed`: tables, views, functions and schemas that PostgREST exposes. */
  readonly owns: readonly string[];
  readonly ownsExposed: readonly string[];
  /** `schema api`, `database app`: where it may create objects, or schemas. */
  readonly createsIn: readonly string[];
}

export interface RoleFacts {
  readonly authenticator: Attributes | undefined;
  readonly roles: readonly ApiRole[];
}

/**
 * Whether PostgREST's login role can do what it has to and nothing else, and whether policies hold for the roles that
 * requests are made as: they do not for superusers, BYPASSRLS and owners of tables.
 */
export async function checkRoles(
  client: DatabaseClient,
  names: ApiRoles,
  schemas: readonly string[],
): Promise<readonly Verdict[]> {
  return judgeRoles(await readRoles(client, names, schemas), names);
}

/** `schemas`: those that PostgREST exposes. */
export async function readRoles(
  client: DatabaseClient,
  names: ApiRoles,
  schemas: readonly string[],
): Promise<RoleFacts> {
  const { rows: logins } = await client.query<Attributes>(
    `select ${ATTRIBUTES} from pg_catalog.pg_roles as r where r.rolname = $1`,
    [names.authenticator],
  );
  const { rows: roles } = await client.query<ApiRole>(
    `with api_role as (${API_ROLES}),
     membership as (
       select
         m.roleid,
         bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) as can_set,
         bool_or((to_jsonb(m) ->> 'inherit_option')::boolean) as inherits,
         bool_or(a.rolinherit) as login_inherits
       from pg_catalog.pg_auth_members as m
       join pg_catalog.pg_roles as a on a.oid = m.member
       where a.rolname = $1
       group by m.roleid
     ),
     exposed as (
       select n.oid
       from pg_catalog.pg_namespace as n
       where n.nspname = any ($3)
     ),
     owned as (
       select
         d.refobjid as owner,
         pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) as described,
         case d.classid
           when 'pg_catalog.pg_class'::regclass then c.relnamespace in (table exposed)
           when 'pg_catalog.pg_proc'::regclass then p.pronamespace in (table exposed)
           when 'pg_catalog.pg_namespace'::regclass then d.objid in (table exposed)
           else false
         end as is_exposed
       from pg_catalog.pg_shdepend as d
       join pg_catalog.pg_database as this on this.datname = current_database()
       left join pg_catalog.pg_class as c on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid
       left join pg_catalog.pg_proc as p on d.classid = 'pg_catalog.pg_proc'::regclass and p.oid = d.objid
       where d.refclassid = 'pg_catalog.pg_authid'::regclass
         and d.deptype = 'o'
         and (d.dbid = this.oid or d.classid = 'pg_catalog.pg_database'::regclass and d.objid = this.oid)
         and d.refobjid in (select r.oid from api_role as r)
     )
     select
       ${ATTRIBUTES},
       coalesce(m.can_set, false) as "canBeBecome",
       case
         when m.inherits then 'membership'
         when m.inherits is null and m.login_inherits then 'attribute'
       end as "inheritedBy",
       array(
         select x.rolname::text
         from pg_catalog.pg_roles as x
         where not r.rolsuper
           and pg_catalog.pg_has_role(r.oid, x.oid, 'member')
           and (x.rolname like 'pg\\_%' or x.oid <> r.oid and (x.rolsuper or x.rolbypassrls or x.rolcreaterole))
         order by 1
       ) as reaches,
       array(
         select o.described
         from owned as o
         where o.owner = r.oid
         order by 1
       ) as owns,
       array(
         select o.described
         from owned as o
         where o.owner = r.oid
           and o.is_exposed
         order by 1
       ) as "ownsExposed",
       array(
         select 'schema ' || quote_ident(n.nspname)
         from pg_catalog.pg_namespace as n
         where not r.rolsuper
           and n.nspname not like 'pg\\_%'
           and n.nspname <> 'information_schema'
           and has_schema_privilege(r.oid, n.oid, 'create')
         union all
         select 'database ' || quote_ident(current_database())
         where not r.rolsuper
           and has_database_privilege(r.oid, this.oid, 'create')
         order by 1
       ) as "createsIn"
     from pg_catalog.pg_roles as r
     join pg_catalog.pg_database as this on this.datname = current_database()
     left join membership as m on m.roleid = r.oid
     where r.oid in (select a.oid from api_role as a)
     order by r.rolname`,
    [names.authenticator, names.anonymous, schemas],
  );
  return { authenticator: logins[0], roles };
}

const ATTRIBUTES = `
  r.rolname as name,
  r.rolcanlogin as "canLogIn",
  array_remove(
    array[
      case when r.rolsuper then 'SUPERUSER' end,
      case when r.rolbypassrls then 'BYPASSRLS' end,
      case when r.rolcreaterole then 'CREATEROLE' end,
      case when r.rolcreatedb then 'CREATEDB' end,
      case when r.rolreplication then 'REPLICATION' end
    ],
    null
  ) as powers`;

export function judgeRoles(facts: RoleFacts, names: ApiRoles): readonly Verdict[] {
  const { authenticator, roles } = facts;
  const anonymous = roles.find(({ name }) => name === names.anonymous);
  const missing = [
    ...(authenticator === undefined ? (["authenticator"] as const) : []),
    ...(anonymous === undefined ? (["anonymous"] as const) : []),
  ];
  const wrong = [
    ...missing.map((which) => absent(`there is no role ${names[which]}`, `roles.${which}`)),
    ...(authenticator === undefined ? [] : judgeAuthenticator(authenticator)),
    ...roles.flatMap((role) => judgeApiRole(role, { login: authenticator, anonymous: names.anonymous })),
  ];
  const others = roles.map(({ name }) => name);
  return allOr(wrong, `${names.authenticator} may become ${listed(others, 5)}, which own and create nothing`);
}

function judgeAuthenticator({ name, canLogIn, powers }: Attributes): Verdict[] {
  const found: Verdict[] = [];
  if (!canLogIn) found.push(problem(`PostgREST cannot log in as ${name}`, `alter role ${quoteIdent(name)} login;`));
  if (powers.length > 0)
    found.push(problem(`${name} is ${powers.join(" ")}`, withoutPowers(name, powers), { kind: "role", name }));
  return found;
}

function judgeApiRole(
  role: ApiRole,
  given: { readonly login: Attributes | undefined; readonly anonymous: string },
): Verdict[] {
  const { name } = role;
  const found: Verdict[] = [];
  if (role.powers.length > 0) found.push(judgePowers(role, given.anonymous));
  if (role.reaches.length > 0) {
    const [first = ""] = role.reaches;
    const next =
      first === name
        ? `revoke ${quoteIdent(name)} from ${quoteIdent(given.login?.name ?? "")};`
        : `revoke ${quoteIdent(first)} from ${quoteIdent(name)};`;
    found.push(problem(`a request as ${name} may become ${listed(role.reaches)}`, next));
  }
  const reassign = `reassign owned by ${quoteIdent(name)} to current_user;`;
  if (role.ownsExposed.length > 0) {
    found.push(problem(`${name} owns ${listed(role.ownsExposed)}: no policy holds for an owner`, reassign));
  } else if (role.owns.length > 0) {
    found.push(warning(`${name}, as which requests are made, owns ${listed(role.owns)}`, reassign));
  }
  if (role.createsIn.length > 0) found.push(problem(`${name} may create in ${listed(role.createsIn)}`, noCreate(role)));
  if (role.canLogIn) {
    found.push(warning(`${name} may log in, past PostgREST`, `alter role ${quoteIdent(name)} nologin;`));
  }
  if (given.login === undefined) return found;
  const login = quoteIdent(given.login.name);
  if (!role.canBeBecome) {
    found.push(problem(`${given.login.name} may not become ${name}`, `grant ${quoteIdent(name)} to ${login};`));
  }
  if (role.inheritedBy !== null) {
    found.push(
      warning(
        `${given.login.name} has the privileges of ${name} before it becomes it`,
        role.inheritedBy === "attribute"
          ? `alter role ${login} noinherit;`
          : `grant ${quoteIdent(name)} to ${login} with inherit false;`,
      ),
    );
  }
  return found;
}

/** A role such as Supabase's `service_role` is meant to pass by the policies, and only a token that names it gets there. */
function judgePowers({ name, powers }: ApiRole, anonymous: string): Verdict {
  const next = withoutPowers(name, powers);
  if (name !== anonymous && powers.every((power) => power === "BYPASSRLS")) {
    return warning(`no policy holds for requests as ${name}: it has BYPASSRLS`, next, { kind: "role", name });
  }
  return problem(`${name}, as which requests are made, is ${powers.join(" ")}`, next, { kind: "role", name });
}

function withoutPowers(name: string, powers: readonly string[]): string {
  return `alter role ${quoteIdent(name)} ${powers.map((power) => `no${power.toLowerCase()}`).join(" ")};`;
}

/** It may be PUBLIC's, which before PostgreSQL 15 had it in the schema public. */
function noCreate({ name, createsIn: [place = ""] }: ApiRole): string {
  return `revoke create on ${place} from ${quoteIdent(name)}, public;`;
}

import type { Client } from "pg";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** How PostgREST is configured. */
export interface ApiSettings {
  /** `db-schemas`; the first one is used by requests that name none. */
  readonly schemas: readonly string[];
  /** `db-extra-search-path`. */
  readonly extraSearchPath: readonly string[];
  /** `db-pre-request`, as `schema.function`. */
  readonly preRequest?: string | undefined;
}

/** A request as PostgREST sees it after it has checked the token. */
export interface ApiRequest {
  /** The role that the token names, or PostgREST's `db-anon-role`. */
  readonly role: string;
  /** The token's claims; `role` is put in whether it is there or not. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** The claims as JSON, `role` among them, for who must not lose a digit of their numbers; it stands for `claims`. */
  readonly claimsText?: string | undefined;
  readonly method: HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  /** One of the exposed schemas (`Accept-Profile`, `Content-Profile`). */
  readonly schema?: string | undefined;
  /** The function that is called, with the names of the arguments that are given. */
  readonly calls?: { readonly name: string; readonly arguments: readonly string[] } | undefined;
}

export interface RequestRun {
  readonly api: ApiSettings;
  readonly request: ApiRequest;
  /** `roll-back` is `Prefer: tx=rollback`: everything happens, deferred constraints included, and nothing stays. */
  readonly end: "commit" | "roll-back";
}

/**
 * Runs a callback as a user of the API, in the transaction that PostgREST would make. `client` is logged in as
 * PostgREST's authenticator and in no transaction. The transaction is rolled back when the callback throws.
 *
 * What PostgREST does, and in which order, is in its `src/PostgREST/Query/PreQuery.hs` and `MainTx.hs`: READ ONLY for GET
 * and HEAD and for every function that is not volatile; all settings in one statement, those of the role before `role`
 * itself, so that they need the authenticator's privileges only.
 * @throws TmDbError IMPERSONATION_REFUSED for a role that row-level security does not bind, or that cannot be become.
 */
export async function withRequest<Result>(
  client: Client,
  run: RequestRun,
  callback: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { api, request } = run;
  const schema = requestSchema(api, request);
  const role = await readBoundRole(client, request.role, api.schemas);
  const routine = request.calls === undefined ? undefined : await readRoutine(client, schema, request.calls);
  const opening = requestOpening({ api, request, role, routine });
  await client.query(opening.begin);
  let result: Result;
  try {
    await client.query(opening.settings.text, [...opening.settings.values]);
    if (opening.preRequest !== undefined) await client.query(opening.preRequest);
    result = await callback(client);
    if (run.end === "roll-back") await client.query("set constraints all immediate");
  } catch (error) {
    // A lost connection has rolled back already, and must not hide why the request failed.
    await client.query("rollback").catch(() => {});
    throw error;
  }
  await client.query(run.end === "commit" ? "commit" : "rollback");
  return result;
}

/** What PostgREST sends before a request's own query, in this order. */
export interface RequestOpening {
  readonly begin: string;
  readonly settings: { readonly text: string; readonly values: readonly string[] };
  readonly preRequest: string | undefined;
}

/** The statements that make a transaction a request of that role. @throws TmDbError IMPERSONATION_REFUSED. */
export function requestOpening(given: {
  readonly api: ApiSettings;
  readonly request: ApiRequest;
  readonly role: RoleFacts;
  readonly routine?: RoutineFacts | undefined;
}): RequestOpening {
  const { api, request, role, routine } = given;
  const settings = transactionSettings({ ...given, schema: requestSchema(api, request) });
  const calls = settings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  return {
    begin: beginStatement(request, role, routine),
    settings: { text: `select ${calls.join(", ")}`, values: settings.flat() },
    preRequest: api.preRequest === undefined ? undefined : `select ${quoteQualified(api.preRequest)}()`,
  };
}

function requestSchema(api: ApiSettings, request: ApiRequest): string {
  const schema = request.schema ?? api.schemas[0];
  if (schema !== undefined && api.schemas.includes(schema)) return schema;
  throw new TmDbError(
    "IMPERSONATION_REFUSED",
    schema === undefined ? "no schema is exposed" : `the schema ${schema} is not exposed`,
    {
      hint: "name it in exposedSchemas of tm-db.config.json",
    },
  );
}

/** What is to be known of a role before it is become. */
export interface RoleFacts {
  readonly isSuperuser: boolean;
  readonly bypassesRls: boolean;
  /** Whether the role of the connection is a member of it. */
  readonly canBecome: boolean;
  /** An exposed table or view that the role owns, itself or as a member of its owner. */
  readonly owns: string | null;
  /** What `alter role … set` gave it and PostgREST passes on: names and values. */
  readonly settings: readonly (readonly [string, string])[];
  readonly isolation: string | null;
}

/**
 * The settings are read as PostgREST does (`queryRoleSettings` in `src/PostgREST/Config/Database.hs`): of the roles that
 * the authenticator is itself a member of, for all databases (not those of `alter role … in database`), and only what the
 * authenticator may set. `default_transaction_isolation` becomes the transaction's isolation level. Before June 2026
 * PostgREST made them lower case (https://github.com/PostgREST/postgrest/issues/4955): the audit tells where that matters.
 */
export async function readRoles(
  client: Client,
  given: {
    readonly roles: readonly string[];
    readonly schemas: readonly string[];
    /** As which PostgREST logs in; the role of the connection if not given. */
    readonly authenticator?: string | undefined;
  },
): Promise<ReadonlyMap<string, RoleFacts>> {
  const { rows } = await client.query<RoleFacts & { readonly name: string }>(
    `select
       r.rolname::text as name,
       r.rolsuper as "isSuperuser",
       r.rolbypassrls as "bypassesRls",
       pg_catalog.pg_has_role(authenticator.name, r.oid, 'member') as "canBecome",
       (
         select format('%I.%I', n.nspname, c.relname)
         from pg_catalog.pg_class as c
         join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where n.nspname = any ($2)
           and c.relkind in ('r', 'p', 'v', 'm', 'f')
           and pg_catalog.pg_has_role(r.oid, c.relowner, 'member')
         order by 1
         limit 1
       ) as owns,
       coalesce(s.settings, '[]') as settings,
       s.isolation
     from pg_catalog.pg_roles as r
     cross join (select coalesce($3::name, current_user) as name) as authenticator
     left join lateral (
       select
         json_agg(json_build_array(kv.name, kv.value) order by kv.name)
           filter (where kv.name <> 'default_transaction_isolation') as settings,
         max(lower(kv.value)) filter (where kv.name = 'default_transaction_isolation') as isolation
       from unnest(r.rolconfig) as setting
       cross join lateral (select
         split_part(setting, '=', 1) as name,
         substr(setting, strpos(setting, '=') + 1) as value
       ) as kv
       where exists (
         select
         from pg_catalog.pg_auth_members as m
         where m.roleid = r.oid
           and m.member = (select a.oid from pg_catalog.pg_roles as a where a.rolname = authenticator.name)
       )
       and exists (
         select
         from pg_catalog.pg_settings as known
         where known.name = kv.name
           and (known.context = 'user' or has_parameter_privilege(authenticator.name, known.name, 'set'))
       )
     ) as s on true
     where r.rolname = any ($1)`,
    [given.roles, given.schemas, given.authenticator ?? null],
  );
  return new Map(rows.map(({ name, ...facts }) => [name, facts]));
}

/**
 * What is to be known of a role that is about to be become.
 * @throws TmDbError IMPERSONATION_REFUSED for one that row-level security does not bind, or that cannot be become.
 */
export async function readBoundRole(client: Client, name: string, schemas: readonly string[]): Promise<RoleFacts> {
  const role = (await readRoles(client, { roles: [name], schemas })).get(name);
  const refusal = whyRefused(name, role);
  if (role === undefined || refusal !== undefined) {
    throw new TmDbError("IMPERSONATION_REFUSED", refusal?.message ?? name, { hint: refusal?.hint });
  }
  return role;
}

/** Why a request as this role would prove nothing; undefined when it may be made. */
export function whyRefused(
  name: string,
  role: RoleFacts | undefined,
): { readonly message: string; readonly hint: string } | undefined {
  if (role === undefined) {
    return { message: `there is no role ${name}`, hint: "deploy the files that make it: npx tm-db migrate" };
  }
  const unbound = "row-level security does not hold for it, so a request as this role proves nothing";
  const hint = "name a role of the API, such as a token's `role` claim";
  if (role.isSuperuser) return { message: `${name} is a superuser: ${unbound}`, hint };
  if (role.bypassesRls) return { message: `${name} has BYPASSRLS: ${unbound}`, hint };
  if (role.owns !== null) return { message: `${name} owns ${role.owns}: ${unbound}`, hint };
  if (role.canBecome) return undefined;
  return {
    message: `the role of this connection is not a member of ${name}, so PostgREST could not become it either`,
    hint: `connect as the authenticator, or: grant ${quoteIdent(name)} to <authenticator>`,
  };
}

/** What PostgREST knows of the function that a request calls. */
export interface RoutineFacts {
  readonly isVolatile: boolean;
  readonly settings: readonly (readonly [string, string])[];
  readonly isolation: string | null;
}

/** PostgREST's default `db-hoisted-tx-settings`: no other setting of a function is raised to its transaction. */
const HOISTED = ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"];

/** Of several functions of that name: the one with the fewest arguments that knows all that are given. */
async function readRoutine(
  client: Client,
  schema: string,
  call: NonNullable<ApiRequest["calls"]>,
): Promise<RoutineFacts | undefined> {
  const { rows } = await client.query<RoutineFacts>(
    `select
       p.provolatile = 'v' as "isVolatile",
       coalesce(s.settings, '[]') as settings,
       s.isolation
     from pg_catalog.pg_proc as p
     join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
     left join lateral (
       select
         json_agg(json_build_array(kv.name, kv.value)) as settings,
         max(lower(kv.value)) filter (where kv.name = 'default_transaction_isolation') as isolation
       from unnest(p.proconfig) as setting
       cross join lateral (select
         split_part(setting, '=', 1) as name,
         substr(setting, strpos(setting, '=') + 1) as value
       ) as kv
       where kv.name = any ($4)
     ) as s on true
     where n.nspname = $1
       and p.proname = $2
       and coalesce(p.proargnames, '{}') @> $3::text[]
     order by p.pronargs
     limit 1`,
    [schema, call.name, call.arguments, HOISTED],
  );
  return rows[0];
}

function beginStatement(request: ApiRequest, role: RoleFacts, routine: RoutineFacts | undefined): string {
  const isRead = request.method === "GET" || request.method === "HEAD" || routine?.isVolatile === false;
  const isolation = ISOLATION_LEVELS.get(routine?.isolation ?? role.isolation ?? "") ?? "read committed";
  return `begin transaction isolation level ${isolation} ${isRead ? "read only" : "read write"}`;
}

/** Anything else, `read uncommitted` too, is read committed to PostgREST. */
const ISOLATION_LEVELS: ReadonlyMap<string, string> = new Map([
  ["repeatable read", "repeatable read"],
  ["serializable", "serializable"],
]);

/** Names and values of the transaction's settings, in the order in which PostgREST sets them. */
export function transactionSettings(given: {
  readonly api: ApiSettings;
  readonly request: ApiRequest;
  readonly schema: string;
  readonly role: Pick<RoleFacts, "settings">;
  readonly routine?: Pick<RoutineFacts, "settings"> | undefined;
}): (readonly [string, string])[] {
  const { api, request, schema, role, routine } = given;
  return [
    ["search_path", [schema, ...api.extraSearchPath].map(quoteIdent).join(", ")],
    ...role.settings,
    ["role", request.role],
    ["request.jwt.claims", request.claimsText ?? JSON.stringify({ ...request.claims, role: request.role })],
    ["request.method", request.method],
    ["request.path", request.path],
    ["request.headers", JSON.stringify(request.headers ?? {})],
    ["request.cookies", JSON.stringify(request.cookies ?? {})],
    ...(routine?.settings ?? []),
  ];
}

function quoteQualified(name: string): string {
  return name.split(".").map(quoteIdent).join(".");
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import pg from "pg";
import { TmDbError } from "../../src/core/errors.ts";
import { httpStatus } from "../../src/core/http-status.ts";
import { quoteName } from "../../src/core/quote-ident.ts";
import { type ApiRequest, type ApiSettings, type HttpMethod, withRequest } from "../../src/db/impersonate.ts";
import type { ApiServer } from "./api-server.ts";
import {
  callStatement,
  deleteStatement,
  HttpFailure,
  insertStatement,
  readStatement,
  readTableQuery,
  type Routine,
  type Statement,
  updateStatement,
} from "./stand-in-request.ts";

/** PostgREST's own limit is that of its web server, warp: 50 kB for all headers together. */
const LONGEST_HEADERS = 50 * 1024;
/** How far PostgREST lets clocks be apart: `allowedSkewSeconds` of its `src/PostgREST/Auth/Jwt.hs`. */
const SKEW_SECONDS = 30;
const SINGLE_OBJECT = "application/vnd.pgrst.object+json";

export interface StandInOptions {
  /** Logged in as the authenticator. */
  readonly client: pg.Client;
  readonly api: ApiSettings;
  readonly anonymous: string;
  readonly jwtSecret: string;
}

/**
 * This is no PostgREST. It stands in for one where no binary is at hand, so that the database is asked what a client's
 * requests ask it: it checks the token with jose, makes the few kinds of requests that the tests make, each in a
 * transaction of `src/db/impersonate.ts`, and answers with the status that `src/core/http-status.ts` says. What it
 * proves is the database behind the API; that its answers are PostgREST's is proved where the same tests run on one.
 */
export async function startStandIn(options: StandInOptions): Promise<ApiServer> {
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer({ maxHeaderSize: LONGEST_HEADERS }, (request, response) => {
    // One connection, so one request at a time.
    last = last.then(() => respond(request, response, options));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function respond(request: IncomingMessage, response: ServerResponse, options: StandInOptions): Promise<void> {
  const { status, body } = await answer(request, options).catch(failureAnswer);
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
  response.end(status === 204 || request.method === "HEAD" ? undefined : body);
}

function failureAnswer(error: unknown): Answer {
  const { status, code, message, details, hint } =
    error instanceof HttpFailure ? error : new HttpFailure(500, "STAND-IN", String(error));
  return { status, body: JSON.stringify({ code, message, details, hint }) };
}

async function answer(request: IncomingMessage, options: StandInOptions): Promise<Answer> {
  const caller = await authenticate(request.headers.authorization, options);
  const url = new URL(request.url ?? "/", "http://stand-in");
  const body = await readBody(request);
  const asked = { ...caller, url, body, request };
  const [resource, name, ...rest] = url.pathname.slice(1).split("/");
  if (resource === undefined || resource === "" || rest.length > 0) {
    throw new HttpFailure(404, "PGRST125", "Invalid path specified in request URL");
  }
  if (resource === "rpc" && name !== undefined) return await call(name, asked, options);
  if (name !== undefined) throw new HttpFailure(404, "PGRST125", "Invalid path specified in request URL");
  return await useTable(resource, asked, options);
}

interface Caller {
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The role and claims of a token; the anonymous role for whoever sends none. */
async function authenticate(header: string | undefined, options: StandInOptions): Promise<Caller> {
  const token = /^bearer\s+(.*)$/i.exec(header ?? "")?.[1];
  if (token === undefined) return { role: options.anonymous, claims: {} };
  const claims = await verify(token, options.jwtSecret);
  const role = claims["role"] ?? options.anonymous;
  return { role: typeof role === "string" ? role : JSON.stringify(role), claims };
}

async function verify(token: string, secret: string): Promise<Record<string, unknown>> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      clockTolerance: SKEW_SECONDS,
    });
    if ((payload.iat ?? 0) > Date.now() / 1000 + SKEW_SECONDS) throw claimFailure("JWT issued at future");
    return payload;
  } catch (error) {
    if (error instanceof HttpFailure) throw error;
    if (error instanceof errors.JWTExpired) throw claimFailure("JWT expired");
    if (error instanceof errors.JWTClaimValidationFailed) throw claimFailure(error.message);
    throw new HttpFailure(401, "PGRST301", `${String(error)} (${algorithmOf(token)})`);
  }
}

function claimFailure(message: string): HttpFailure {
  return new HttpFailure(401, "PGRST303", message);
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? "no algorithm";
  } catch {
    return "no header";
  }
}

interface Asked extends Caller {
  readonly url: URL;
  readonly body: string;
  readonly request: IncomingMessage;
}

async function useTable(name: string, asked: Asked, options: StandInOptions): Promise<Answer> {
  const schema = profile(asked, options);
  const table = quoteName(schema, name);
  const query = readTableQuery(asked.url.searchParams);
  const preferences = readPreferences(asked.request);
  const returning = preferences.has("return=representation") ? query : undefined;
  const request = apiRequest(asked, schema);
  const changed = (status: 200 | 201) => (returning === undefined && status === 200 ? 204 : status);
  switch (request.method) {
    case "GET":
    case "HEAD":
      return await run(request, readStatement(table, query), { asked, options, status: 200 });
    case "POST": {
      const rows = readRows(asked.body);
      return await run(request, insertStatement(table, { rows, returning }), { asked, options, status: changed(201) });
    }
    case "PATCH": {
      const [row = {}] = readRows(asked.body);
      const statement = updateStatement(table, { row, query, returning });
      return await run(request, statement, { asked, options, status: changed(200) });
    }
    case "DELETE":
      return await run(request, deleteStatement(table, { query, returning }), { asked, options, status: changed(200) });
    case "PUT":
      throw new HttpFailure(501, "STAND-IN", "the stand-in does not know PUT; PostgREST does");
  }
}

async function call(name: string, asked: Asked, options: StandInOptions): Promise<Answer> {
  const schema = profile(asked, options);
  const method = methodOf(asked.request);
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && method !== "POST") throw new HttpFailure(405, "PGRST101", `Cannot use the ${method} method on RPC`);
  const [body = {}] = isRead ? [Object.fromEntries(asked.url.searchParams)] : readRows(asked.body);
  const names = Object.keys(body);
  const routine = await findRoutine(options.client, { schema, name, names });
  const request = { ...apiRequest(asked, schema), calls: { name, arguments: names } };
  const statement = callStatement(quoteName(schema, name), routine, body);
  return await run(request, statement, { asked, options, status: routine.returns === "nothing" ? 204 : 200 });
}

/** The function of that name with just these arguments, those with a default being free. */
async function findRoutine(
  client: pg.Client,
  wanted: { readonly schema: string; readonly name: string; readonly names: readonly string[] },
): Promise<Routine> {
  const { rows } = await client.query<Routine>(
    `select
       coalesce(
         (
           select json_agg(json_build_object('name', p.proargnames[a.n], 'type', format_type(a.type, null)) order by a.n)
           from unnest(p.proargtypes) with ordinality as a (type, n)
         ),
         '[]'
       ) as arguments,
       case
         when p.prorettype = 'void'::regtype then 'nothing'
         when p.proretset then 'rows'
         when t.typtype = 'c' then 'row'
         else 'value'
       end as returns
     from pg_proc as p
     join pg_type as t on t.oid = p.prorettype
     where p.pronamespace = (select oid from pg_namespace where nspname = $1)
       and p.proname = $2
       and coalesce(p.proargnames, '{}') @> $3::text[]
       and coalesce(p.proargnames[:p.pronargs - p.pronargdefaults], '{}') <@ $3::text[]`,
    [wanted.schema, wanted.name, wanted.names],
  );
  const [routine] = rows;
  if (routine !== undefined) return routine;
  throw new HttpFailure(
    404,
    "PGRST202",
    `Could not find the function ${wanted.schema}.${wanted.name}(${wanted.names.join(", ")}) in the schema cache`,
  );
}

async function run(
  request: ApiRequest,
  statement: Statement,
  given: { readonly asked: Asked; readonly options: StandInOptions; readonly status: number },
): Promise<Answer> {
  const { asked, options, status } = given;
  const end = readPreferences(asked.request).has("tx=rollback") ? "roll-back" : "commit";
  const wantsOne = asked.request.headers.accept?.startsWith(SINGLE_OBJECT) === true;
  try {
    return await withRequest(options.client, { api: options.api, request, end }, async (client) => {
      const { rows } = await client.query<{ body: string | null; rows: number }>(statement.sql, [...statement.values]);
      const result = rows[0] ?? { body: null, rows: 0 };
      if (!wantsOne || !(result.body ?? "").startsWith("[")) return { status, body: result.body ?? "null" };
      if (result.rows === 1) return { status, body: JSON.stringify((JSON.parse(result.body ?? "[]") as unknown[])[0]) };
      throw new HttpFailure(406, "PGRST116", "Cannot coerce the result to a single JSON object", {
        details: `The result contains ${result.rows} rows`,
      });
    });
  } catch (error) {
    if (error instanceof TmDbError && error.code === "IMPERSONATION_REFUSED") {
      throw await refusalOfRole(request.role, options, error);
    }
    throw requestFailure(error, request.role === options.anonymous);
  }
}

/** withRequest never becomes such a role. PostgREST tries, and answers with what PostgreSQL says of that. */
async function refusalOfRole(
  role: string,
  { client, anonymous }: StandInOptions,
  refused: TmDbError,
): Promise<unknown> {
  await client.query("begin");
  try {
    await client.query("select set_config('role', $1, true)", [role]);
    return refused;
  } catch (error) {
    return requestFailure(error, role === anonymous);
  } finally {
    await client.query("rollback");
  }
}

function requestFailure(error: unknown, anonymous: boolean): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return error;
  const { code, message, detail, hint } = error;
  const status = httpStatus({ sqlState: code, message, detail, anonymous });
  return new HttpFailure(status, code, message, { details: detail, hint });
}

/** The schema that `Accept-Profile` or `Content-Profile` names, or the first. */
function profile({ request }: Asked, { api }: StandInOptions): string {
  const method = methodOf(request);
  const header = method === "GET" || method === "HEAD" ? "accept-profile" : "content-profile";
  const asked = request.headers[header];
  const schema = typeof asked === "string" ? asked : api.schemas[0];
  if (schema !== undefined && api.schemas.includes(schema)) return schema;
  throw new HttpFailure(406, "PGRST106", `Invalid schema: ${String(schema)}`);
}

function apiRequest({ role, claims, url, request }: Asked, schema: string): ApiRequest {
  return {
    role,
    claims,
    schema,
    method: methodOf(request),
    path: url.pathname,
    headers: headersOf(request),
    cookies: cookiesOf(request.headers.cookie),
  };
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

function methodOf({ method }: IncomingMessage): HttpMethod {
  const known = METHODS.find((each) => each === method);
  if (known !== undefined) return known;
  throw new HttpFailure(405, "PGRST117", `Unsupported HTTP method: ${method}`);
}

/** Names in lower case, cookies apart: `iHeaders` of PostgREST's `src/PostgREST/ApiRequest.hs`. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => name !== "cookie");
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}

function cookiesOf(header: string | undefined): Record<string, string> {
  const pairs = (header ?? "").split(/;\s*/).filter((pair) => pair.includes("="));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

function readPreferences({ headers }: IncomingMessage): ReadonlySet<string> {
  const prefer = headers["prefer"] ?? "";
  return new Set((Array.isArray(prefer) ? prefer.join(",") : prefer).split(/\s*,\s*/));
}

function readRows(body: string): readonly object[] {
  let parsed: unknown;
  try {
    parsed = body === "" ? {} : JSON.parse(body);
  } catch {
    throw new HttpFailure(400, "PGRST102", "Empty or invalid json");
  }
  const rows: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (rows.every((row): row is object => typeof row === "object" && row !== null)) return rows;
  throw new HttpFailure(400, "PGRST102", "All object keys must match");
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

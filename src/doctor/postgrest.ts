import { differenceOf, judgeClock, type Skew, skewOf } from "./clock.ts";
import type { Relation } from "./relations.ts";
import { listed, ok, problem, skipped, type Verdict, warning } from "./verdict.ts";

/** What PostgREST's root answered, or why nothing came. */
export type RootAnswer =
  | { readonly kind: "none"; readonly because: string }
  | {
      readonly kind: "answered";
      readonly status: number;
      /** The `Server` header: `postgrest/13.0.4`, unless a proxy puts its own there. */
      readonly server: string | null;
      /** `info.version` of the OpenAPI document, where there is one. */
      readonly documented: string | null;
      /** PostgREST's or PostgreSQL's code of an error, and its message. */
      readonly code: string | null;
      readonly message: string | null;
      /** By the `Date` header, against this machine's clock. */
      readonly skew: Skew | null;
    };

const TIMEOUT_MS = 2_000;
const OLDEST = 11;
const NEWEST_TESTED = 14;
/** More would only say the same, and each is a request. */
const MOST_RELATIONS = 100;

const RELOAD = `psql "$DATABASE_URL" -c "notify pgrst, 'reload schema'"`;

/** Asks for the OpenAPI document; whoever may not see it learns the version all the same. */
export async function askRoot(url: string, signal?: AbortSignal): Promise<RootAnswer> {
  const sent = Date.now();
  const response = await request(url, { headers: { Accept: "application/openapi+json" } }, signal);
  if ("because" in response) return { kind: "none", because: response.because };
  const received = Date.now();
  const body = await jsonOf(response);
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    kind: "answered",
    status: response.status,
    server: response.headers.get("server"),
    documented: textAt(body, "info", "version"),
    code: textAt(body, "code"),
    message: textAt(body, "message"),
    // The header has whole seconds.
    skew: Number.isNaN(date) ? null : skewOf(date, { sent, received }, 1000),
  };
}

export function judgeRoot(answer: RootAnswer, url: string): Verdict {
  if (answer.kind === "none") {
    return problem(
      `no answer from ${url}: ${answer.because}`,
      "npx tm-db postgrest run   or name another address: --postgrest-url <url>",
    );
  }
  const { status, server, documented, code, message } = answer;
  if (status >= 500) {
    return problem(`${url} answers ${status}${message === null ? "" : `: ${message}`}`, "read PostgREST's log");
  }
  const version = /^postgrest\/(\S+)/i.exec(server ?? "")?.[1] ?? documented?.split(" ")[0] ?? null;
  const major = Number.parseInt(version ?? "", 10);
  if (version === null || Number.isNaN(major)) {
    if (code?.startsWith("PGRST") === true) return ok(`PostgREST answers at ${url}; a proxy hides its version`);
    return problem(
      `${url} answers ${status}, and not as PostgREST does`,
      "name PostgREST's address: --postgrest-url <url>",
    );
  }
  if (major < OLDEST)
    return problem(
      `PostgREST ${version} is older than ${OLDEST}`,
      "install a newer one: https://github.com/PostgREST/postgrest/releases",
    );
  if (major > NEWEST_TESTED)
    return warning(`PostgREST ${version} is newer than what tm-db knows (11 to 14)`, "npm update tm-db");
  return ok(`PostgREST ${version} answers at ${url}`);
}

/** Tokens are made by the clock of the database and checked by that of PostgREST. */
export function judgePostgrestClock(answer: RootAnswer, server: Skew | undefined): readonly Verdict[] {
  if (answer.kind === "none" || answer.skew === null) return [];
  const skew = server === undefined ? answer.skew : differenceOf(answer.skew, server);
  return [judgeClock(skew, "PostgREST's clock", server === undefined ? "this machine's" : "the server's")];
}

/** What the admin server says; undefined where none answers. */
export interface Health {
  readonly live: number | string;
  readonly ready: number | string;
}

export async function askHealth(adminUrl: string, signal?: AbortSignal): Promise<Health> {
  const ask = async (path: string): Promise<number | string> => {
    const response = await request(below(adminUrl, path), {}, signal);
    return "because" in response ? response.because : await statusOf(response);
  };
  const [live, ready] = await Promise.all([ask("live"), ask("ready")]);
  return { live, ready };
}

/** https://docs.postgrest.org/en/stable/references/admin_server.html */
export function judgeHealth({ live, ready }: Health, adminUrl: string): Verdict {
  if (typeof live === "string" || typeof ready === "string") {
    const because = typeof live === "string" ? live : ready;
    return problem(
      `no answer from ${adminUrl}: ${because}`,
      "set PostgREST's admin-server-port, or name another address: --postgrest-admin-url <url>",
    );
  }
  if (live === 200 && ready === 200) return ok("PostgREST is live and ready");
  if (live !== 200) return problem(`PostgREST is not live: its admin server answers ${live}`, "read PostgREST's log");
  return problem(
    `PostgREST is live and not ready (${ready}): it has no connection, or no schema cache`,
    "check its db-uri: npx tm-db env prints it; then read its log",
  );
}

/** Which relations PostgREST knows. */
export interface KnownRelations {
  readonly asked: readonly Relation[];
  readonly unknown: readonly Relation[];
  /** Answered with neither yes nor no: something in between does not let OPTIONS through. */
  readonly unclear: number;
}

/**
 * An OPTIONS request is answered from the schema cache, without the database: 200, 404 for what is not in it, 406 for a schema
 * that is not exposed (`RelInfoPlan` in PostgREST's `src/PostgREST/Response.hs`, `getSchema` in `ApiRequest.hs`).
 */
export async function askRelations(
  url: string,
  relations: readonly Relation[],
  signal?: AbortSignal,
): Promise<KnownRelations> {
  const asked = relations.slice(0, MOST_RELATIONS);
  const statuses = await Promise.all(
    asked.map(async ({ schema, name }) => {
      const options = { method: "OPTIONS", headers: { "Accept-Profile": schema } };
      const response = await request(below(url, encodeURIComponent(name)), options, signal);
      return "because" in response ? 0 : await statusOf(response);
    }),
  );
  const saysNo = (status: number | undefined): boolean => status === 404 || status === 406;
  return {
    asked,
    unknown: asked.filter((_, index) => saysNo(statuses[index])),
    unclear: statuses.filter((status) => !saysNo(status) && status !== 200).length,
  };
}

export function judgeRelations({ unknown, asked, unclear }: KnownRelations): Verdict {
  if (asked.length === 0) return skipped("the exposed schemas hold no table or view to ask for");
  if (unclear === asked.length) {
    return skipped("no OPTIONS request comes through, so its schema cache cannot be looked at");
  }
  const schemas = [...new Set(asked.map(({ schema }) => schema))];
  const silent = schemas.filter((schema) => isAll(asked, unknown, schema));
  if (silent.length > 0) {
    const which = listed(silent);
    return problem(
      `PostgREST knows no table of ${which}: its db-schemas are others, or its schema cache is old`,
      RELOAD,
    );
  }
  const names = unknown.map(({ schema, name }) => `${schema}.${name}`);
  if (names.length > 0) return problem(`PostgREST does not know ${listed(names)}: its schema cache is old`, RELOAD);
  const tables = asked.length === 1 ? "the 1 table or view" : `all ${asked.length} tables and views`;
  return ok(`PostgREST knows ${tables} of ${listed(schemas)}`);
}

function isAll(asked: readonly Relation[], unknown: readonly Relation[], schema: string): boolean {
  const count = (relations: readonly Relation[]): number => relations.filter((each) => each.schema === schema).length;
  return count(unknown) === count(asked);
}

/** Whether a token that the database's secret signed is let in: 401 with a code of PostgREST's own says no. */
export async function askWithToken(
  url: string,
  token: string,
  signal?: AbortSignal,
): Promise<{ readonly status: number; readonly message: string | null } | undefined> {
  const response = await request(url, { headers: { Authorization: `Bearer ${token}` } }, signal);
  if ("because" in response) return undefined;
  const body = await jsonOf(response);
  const isItsOwn = textAt(body, "code")?.startsWith("PGRST3") === true;
  return { status: isItsOwn ? response.status : 200, message: textAt(body, "message") };
}

export function judgeToken(answer: Awaited<ReturnType<typeof askWithToken>>): Verdict {
  if (answer === undefined) return skipped("PostgREST did not answer");
  if (answer.status < 400) return ok("PostgREST takes a token that the project's secret signs");
  return problem(
    `PostgREST refuses a token that the project's secret signs${answer.message === null ? "" : `: ${answer.message}`}`,
    "give PostgREST the same jwt-secret: npx tm-db env prints it",
  );
}

type Refusal = { readonly because: string };

async function request(
  url: string,
  options: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response | Refusal> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(url, {
      ...options,
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
  } catch (error) {
    if (timeout.aborted) return { because: `no answer within ${TIMEOUT_MS / 1000} s` };
    return { because: reasonOf(error) };
  }
}

/** fetch says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "the name cannot be looked up";
  if (cause instanceof Error && cause.message !== "") return cause.message;
  return error instanceof Error ? error.message : String(error);
}

/** Nobody reads the body, so that the connection need not stay open for it. */
async function statusOf(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function textAt(value: unknown, ...path: readonly string[]): string | null {
  let at: unknown = value;
  for (const key of path) at = typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined;
  return typeof at === "string" ? at : null;
}

/** PostgREST may stand below a path (`https://example.com/rest/v1`). */
function below(url: string, path: string): string {
  return `${url.replace(/\/+$/, "")}/${path}`;
}

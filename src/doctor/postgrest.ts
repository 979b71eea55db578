import { POSTGREST_MAJORS } from "../core/postgrest-options.ts";
import { differenceOf, judgeClock, type Skew, skewOf } from "./clock.ts";
import type { Relation } from "./relations.ts";
import { listed, NEWER_TM_DB, ok, problem, skipped, type Verdict, warning } from "./verdict.ts";

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

/** For an answer as a whole. */
const TIMEOUT_MS = 2_000;
/** Of an answer as it is unpacked. The OpenAPI document of a thousand tables is a tenth of it. */
const MOST_BYTES = 16_000_000;
const { oldest: OLDEST, newest: NEWEST } = POSTGREST_MAJORS;
/** More would only say the same, and each is a request. */
const MOST_RELATIONS = 100;

const RELOAD = `psql "$DATABASE_URL" -c "notify pgrst, 'reload schema'"`;

/** Asks for the OpenAPI document; whoever may not see it learns the version all the same. */
export async function askRoot(url: string, signal?: AbortSignal): Promise<RootAnswer> {
  const sent = Date.now();
  const answer = await request(url, { headers: { Accept: "application/openapi+json" }, reads: "json" }, signal);
  if ("because" in answer) return { kind: "none", because: answer.because };
  const { response, received, body } = answer;
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
  if (major > NEWEST)
    return warning(`PostgREST ${version} is newer than what tm-db knows (${OLDEST} to ${NEWEST})`, NEWER_TM_DB);
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
    const answer = await request(below(adminUrl, path), { reads: "status" }, signal);
    return "because" in answer ? answer.because : answer.response.status;
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
      const options = { method: "OPTIONS", headers: { "Accept-Profile": schema }, reads: "status" as const };
      const answer = await request(below(url, encodeURIComponent(name)), options, signal);
      return "because" in answer ? 0 : answer.response.status;
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
): Promise<{ readonly status: number; readonly message: string | null } | Refusal> {
  const answer = await request(url, { headers: { Authorization: `Bearer ${token}` }, reads: "json" }, signal);
  if ("because" in answer) return answer;
  const { response, body } = answer;
  const isItsOwn = textAt(body, "code")?.startsWith("PGRST3") === true;
  return { status: isItsOwn ? response.status : 200, message: textAt(body, "message") };
}

export function judgeToken(answer: Awaited<ReturnType<typeof askWithToken>>): Verdict {
  if ("because" in answer) return skipped(`PostgREST did not answer: ${answer.because}`);
  if (answer.status < 400) return ok("PostgREST takes a token that the project's secret signs");
  return problem(
    `PostgREST refuses a token that the project's secret signs${answer.message === null ? "" : `: ${answer.message}`}`,
    "give PostgREST the same jwt-secret: npx tm-db env prints it",
  );
}

type Refusal = { readonly because: string };

interface Answer {
  readonly response: Response;
  /** When its head came, in milliseconds since 1970. */
  readonly received: number;
  /** What it says as JSON; undefined where it is none, or nobody asked for it. */
  readonly body: unknown;
}

/** One request and its whole answer, of which no more is read than what `reads` names, and not for ever. */
async function request(
  url: string,
  { reads, ...options }: RequestInit & { readonly reads: "status" | "json" },
  signal: AbortSignal | undefined,
): Promise<Answer | Refusal> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response | undefined;
  try {
    response = await fetch(url, {
      ...options,
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const received = Date.now();
    const text = reads === "json" ? await textOf(response) : "";
    // What nobody reads need not keep the connection open.
    if (reads === "status") await response.body?.cancel();
    if (text === undefined) return { because: `its answer is longer than ${MOST_BYTES / 1_000_000} MB` };
    return { response, received, body: jsonOf(text) };
  } catch (error) {
    if (!timeout.aborted) return { because: reasonOf(error) };
    const what = response === undefined ? "no answer" : "no end of its answer";
    return { because: `${what} within ${TIMEOUT_MS / 1000} s` };
  }
}

/** The body; undefined where it is too long, counted as it is unpacked: little that is sent may be much. */
async function textOf({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
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

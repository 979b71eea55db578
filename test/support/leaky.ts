import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { Persona } from "../../src/core/matrix.ts";

export const LEAKY = fileURLToPath(new URL("../leaky/", import.meta.url));
/** The project that all of them are changes of. */
export const BASE = `${LEAKY}_base`;

/** How an attempt ends: `2 rows`, `done` (no rows to count), `denied`, `refused` by a policy, `error` and the SQLSTATE. */
export type Ending = string;

/** A request, and how it ends in the leaky database and in the repaired one. */
export interface Attempt {
  /** A person of the base's fixtures, or `anonymous`. */
  readonly as: string;
  /** Claims over those of the person's token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The last of them is what counts. */
  readonly sql: string | readonly string[];
  readonly leaky?: Ending;
  readonly repaired?: Ending;
  /** Instead of both: what is allowed, or refused, whether it leaks or not. */
  readonly always?: Ending;
}

/** A mistake, how it is exploited, and which tools show it. Each file lies in the mistake's folder. */
export interface Leak {
  readonly name: string;
  /** What is wrong, in a sentence. */
  readonly leak: string;
  readonly attempts: readonly Attempt[];
  /** Who is to be thought of besides the base's people. */
  readonly personas?: readonly Persona[];
  /** Arguments to call its functions with. */
  readonly calls?: Readonly<
    Record<string, readonly { readonly arguments: Readonly<Record<string, unknown>>; readonly label: string }[]>
  >;
  /** What the access matrix shows of it. */
  readonly matrix:
    | /** Cells that let more through than in the repaired database. */ { readonly opened: readonly string[] }
      /** None: a request would prove nothing. */
    | { readonly refused: string }
    /** Nothing at all, and why. */
    | { readonly unseen: string };
  /** What mutation shows: damages to the repaired database that are this leak, and that the suite does not notice. */
  readonly mutation: { readonly survivors: readonly string[] } | { readonly unseen: string };
  /** What the audit finds, and does not find in the repaired database: rules and objects. */
  readonly audit: { readonly found: readonly string[] } | { readonly unseen: string };
  /** Changes of the base: with the mistake, and the same without. */
  readonly leakySql: string;
  readonly repairedSql: string;
  /** A policy test that passes on both, and so misses it. */
  readonly suite: string;
}

type Expected = Pick<Leak, "leak" | "attempts" | "calls" | "personas" | "matrix" | "mutation" | "audit">;

/** All databases of `test/leaky/`. */
export function readLeaks(): Leak[] {
  const names = readdirSync(LEAKY, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith("_") ? [entry.name] : [],
  );
  return names.toSorted().map((name) => {
    const read = (file: string): string => readFileSync(`${LEAKY}${name}/${file}`, "utf8");
    const expected = JSON.parse(read("expected.json")) as Expected;
    return {
      ...expected,
      name,
      leakySql: read("leaky.sql"),
      repairedSql: read("repaired.sql"),
      suite: read("suite.sql"),
    };
  });
}

/**
 * Makes a request as PostgREST would and takes it back. By its own few statements, and not by those of tm-db, which is
 * what is tested here.
 */
export async function tryAttempt(client: pg.Client, { as, claims, sql }: Attempt): Promise<Ending> {
  const role = as === "anonymous" ? "anonymous" : "app_user";
  const token = { ...(as === "anonymous" ? {} : { sub: as }), ...claims, role };
  const isInside = client.getTransactionStatus() === "T";
  await client.query(isInside ? "savepoint attempt" : "begin");
  try {
    await client.query(
      "select set_config('search_path', 'api, public', true), set_config('role', $1, true), set_config('request.jwt.claims', $2, true)",
      [role, JSON.stringify(token)],
    );
    let count: number | null = null;
    for (const statement of [sql].flat()) count = (await client.query(statement)).rowCount;
    return count === null ? "done" : `${count} ${count === 1 ? "row" : "rows"}`;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (error.code !== "42501") return `error ${error.code}`;
    return error.message.includes("row-level security policy") ? "refused" : "denied";
  } finally {
    await client.query(isInside ? "rollback to savepoint attempt" : "rollback");
  }
}

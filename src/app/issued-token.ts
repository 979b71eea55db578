import { configName } from "../config/setting-place.ts";
import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { sqlError } from "../db/sql-error.ts";
import { decodeToken } from "../postgrest/token.ts";
import type { Project } from "./context.ts";
import { refuseWorthless } from "./signing-secret.ts";

/**
 * What `token.query` of the settings answers for a user; undefined where it answers no row, or null.
 * @throws TmDbError CONFIG_INVALID where it answers something else than the text of a signed token; what PostgreSQL says of
 * the query; what `refuseWorthless` throws.
 */
export async function readIssuedToken(
  client: DatabaseClient,
  project: Project,
  { query, user }: { readonly query: string; readonly user: string },
): Promise<string | undefined> {
  const answer = await ask(client, project, { query, user });
  if (answer === undefined || answer === null) return undefined;
  if (typeof answer !== "string") throw noToken(words(answer));
  try {
    decodeToken(answer);
  } catch (error) {
    throw error instanceof TmDbError ? noToken("a text", error) : error;
  }
  await refuseWorthless(client, project, answer).catch((error: unknown) => {
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  });
  return answer;
}

/** The first column of the first row. */
async function ask(
  client: DatabaseClient,
  { options }: Project,
  { query, user }: { readonly query: string; readonly user: string },
): Promise<unknown> {
  try {
    const { rows } = await client.query<unknown[]>({ text: query, values: [user], rowMode: "array" });
    return rows[0]?.[0];
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
    const found = sqlError(error, undefined);
    throw found.code === "SQL_ERROR"
      ? found.with({ hint: error.hint ?? `mend token.query in ${configName(options)}` })
      : found;
  }
}

function words(answer: unknown): string {
  if (answer instanceof Date) return "a time";
  if (Buffer.isBuffer(answer)) return "bytes";
  if (Array.isArray(answer)) return "a list";
  return typeof answer === "object" ? "JSON" : `a ${typeof answer}`;
}

/** Neither answer nor query is repeated: a token may be in the one, and a secret in the other. */
function noToken(what: string, why?: TmDbError): TmDbError {
  return new TmDbError("CONFIG_INVALID", `token.query answers ${what}, not the text of a signed token`, {
    detail: why?.message,
    hint: [
      "let it answer the token's text; docs/formats.md of the package tm-db has an example",
      "without a signing function: npx tm-db token --role <role> --claims '{…}'",
    ].join("\n"),
    cause: why,
  });
}

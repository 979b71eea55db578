import { readFileSync } from "node:fs";
import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { readSecrets } from "../db/secrets.ts";
import { type SigningKey, signingKeys } from "../postgrest/signing-key.ts";
import type { Project } from "./context.ts";

/** The secrets that tokens are signed and verified with; they are never printed. */
export interface SigningSecrets {
  /** What signs new tokens. */
  readonly signing: NamedSecret;
  /** What PostgREST accepts: the signing one first, and during an exchange the one after and the one before it. */
  readonly accepted: readonly NamedSecret[];
}

export interface NamedSecret {
  readonly value: string;
  /** For messages: `auth.secrets.secret`, `TM_DB_JWT_SECRET`, a file's name. */
  readonly name: string;
}

/**
 * The secrets of a project: those of `--secret-file`, else of the database, where the project says in which column they
 * are, else TM_DB_JWT_SECRET. The database comes before the variable: it is what signs, and the variable is put there by
 * the next `migrate`.
 * @throws TmDbError SECRET_MISSING, FILE_UNREADABLE.
 */
export async function readSigningSecrets(
  project: Project,
  from: { readonly client?: DatabaseClient | undefined; readonly secretFile?: string | undefined },
): Promise<SigningSecrets> {
  if (from.secretFile !== undefined) return one(secretOfFile(from.secretFile), from.secretFile);
  const { jwtSecret } = project.config;
  if (jwtSecret !== undefined && from.client !== undefined) {
    const stored = await databaseSecrets(from.client, project);
    if (stored !== undefined) return stored;
    throw new TmDbError("SECRET_MISSING", "the database holds no JWT secret", { hint: "npx tm-db migrate" });
  }
  const variable = project.options.env["TM_DB_JWT_SECRET"];
  if (variable !== undefined && variable !== "") return one(variable, "TM_DB_JWT_SECRET");
  throw new TmDbError("SECRET_MISSING", "no JWT secret is known", {
    hint: "set jwtSecret in tm-db.config.json, or TM_DB_JWT_SECRET, or name a file: --secret-file <file>",
  });
}

/** What the database holds; undefined where the project names no column, or it is not there yet. */
export async function databaseSecrets(
  client: DatabaseClient,
  { config }: Project,
): Promise<SigningSecrets | undefined> {
  const { jwtSecret: at, jwtRotation: rotation } = config;
  if (at === undefined) return undefined;
  const { stored } = await readSecrets(client, at, { rotation });
  if (stored === undefined) return undefined;
  const { secret, standby, previous, previousAccepted } = stored;
  const name = (column = ""): string => `${at.schema}.${at.table}.${column}`;
  const signing = { value: secret, name: name(at.column) };
  const next = standby === null ? [] : [{ value: standby, name: name(rotation?.standby) }];
  const before = previous === null || !previousAccepted ? [] : [{ value: previous, name: name(rotation?.previous) }];
  return { signing, accepted: [signing, ...next, ...before] };
}

/** The keys that a token may be signed with. @throws TmDbError SECRET_TOO_SHORT. */
export function acceptedKeys({ accepted }: SigningSecrets): readonly SigningKey[] {
  return accepted.flatMap(({ value, name }) => signingKeys(value, name));
}

function one(value: string, name: string): SigningSecrets {
  const secret = { value, name };
  return { signing: secret, accepted: [secret] };
}

/** As PostgREST reads `jwt-secret = "@file"`: without the line end that editors put there. */
function secretOfFile(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`, {
      hint: "name the file that holds the JWT secret, and nothing else",
      cause: error,
    });
  }
}

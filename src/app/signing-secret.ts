import { readFileSync } from "node:fs";
import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isPermissionDenied } from "../db/run-script.ts";
import { readSecrets } from "../db/secrets.ts";
import { type SigningKey, signingKeys } from "../postgrest/signing-key.ts";
import { isSignedWithNothing } from "../postgrest/token.ts";
import { refuseAbsentSettings } from "./absent-settings.ts";
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
  /** What puts a longer one in its place. */
  readonly renewal: string;
}

/**
 * The secrets of a project: those of `--secret-file`, else of the database, where the project says in which column they
 * are, else TM_DB_JWT_SECRET. The database comes before the variable: it is what signs, and the variable is put there by
 * the next `migrate`.
 * @throws TmDbError SECRET_MISSING, FILE_UNREADABLE; CONFIG_INVALID for a column that no deployment makes.
 */
export async function readSigningSecrets(
  project: Project,
  from: { readonly client?: DatabaseClient | undefined; readonly secretFile?: string | undefined },
): Promise<SigningSecrets> {
  if (from.secretFile !== undefined) {
    const renewal = "put a longer one there: openssl rand -base64 48 makes one";
    return one({ value: secretOfFile(from.secretFile), name: from.secretFile, renewal });
  }
  const { jwtSecret } = project.config;
  if (jwtSecret !== undefined && from.client !== undefined) {
    const { secrets } = await lookForSecrets(from.client, project);
    if (secrets !== undefined) return secrets;
    await refuseAbsentSettings(from.client, project, ["jwtSecret"]);
    throw noSecret();
  }
  const variable = secretOfEnvironment(project);
  if (variable !== undefined) return one(variable);
  throw new TmDbError("SECRET_MISSING", "no JWT secret is known", {
    hint: "set jwtSecret in tm-db.config.json, or TM_DB_JWT_SECRET, or name a file: --secret-file <file>",
  });
}

function noSecret(): TmDbError {
  return new TmDbError("SECRET_MISSING", "the database holds no JWT secret", { hint: "npx tm-db migrate" });
}

/** What TM_DB_JWT_SECRET holds; undefined where it is not set, or empty. */
export function secretOfEnvironment({ options }: Project): NamedSecret | undefined {
  const value = options.env["TM_DB_JWT_SECRET"];
  if (value === undefined || value === "") return undefined;
  return { value, name: "TM_DB_JWT_SECRET", renewal: `make one: ${LONG_ENOUGH}` };
}

const LONG_ENOUGH = 'export TM_DB_JWT_SECRET="$(openssl rand -base64 48)"';

/**
 * What PostgREST shall accept, long enough each; nothing before the deployment that brings the column, or where a project
 * without one has no TM_DB_JWT_SECRET.
 * @throws TmDbError SECRET_MISSING where the column holds nothing; SECRET_TOO_SHORT.
 */
export async function secretsForPostgrest(client: DatabaseClient, project: Project): Promise<readonly string[]> {
  const { exists, secrets } = await lookForSecrets(client, project);
  if (exists && secrets === undefined) throw noSecret();
  const variable = project.config.jwtSecret === undefined ? secretOfEnvironment(project) : undefined;
  const accepted = secrets?.accepted ?? (variable === undefined ? [] : [variable]);
  for (const secret of accepted) keysOf(secret);
  return accepted.map(({ value }) => value);
}

/**
 * Whether the column that the project names is there, and what it holds: undefined where it names none, where it is not there
 * yet, or holds nothing.
 */
export async function lookForSecrets(
  client: DatabaseClient,
  { config }: Project,
): Promise<{
  readonly exists: boolean;
  readonly secrets: SigningSecrets | undefined;
  /** Whether the columns of jwtRotation are there as well. */
  readonly canRotate: boolean;
}> {
  const { jwtSecret: at, jwtRotation: rotation } = config;
  if (at === undefined) return { exists: false, secrets: undefined, canRotate: false };
  const { exists, stored, canRotate } = await readSecrets(client, at, { rotation });
  if (stored === undefined) return { exists, secrets: undefined, canRotate };
  const { secret, standby, previous, previousAccepted } = stored;
  const name = (column = ""): string => `${at.schema}.${at.table}.${column}`;
  const renewal = `put a longer one there, which voids all tokens: ${LONG_ENOUGH} && npx tm-db migrate`;
  const signing = { value: secret, name: name(at.column), renewal };
  const next = standby === null ? [] : [{ value: standby, name: name(rotation?.standby), renewal }];
  const before =
    previous === null || !previousAccepted ? [] : [{ value: previous, name: name(rotation?.previous), renewal }];
  return { exists, secrets: { signing, accepted: [signing, ...next, ...before] }, canRotate };
}

/** The keys that a token may be signed with. @throws TmDbError SECRET_TOO_SHORT. */
export function acceptedKeys({ accepted }: SigningSecrets): readonly SigningKey[] {
  return accepted.flatMap(keysOf);
}

/** The keys that a secret means. @throws TmDbError SECRET_TOO_SHORT, with what mends it where it is kept. */
export function keysOf({ value, name, renewal }: NamedSecret): readonly SigningKey[] {
  try {
    return signingKeys(value, name);
  } catch (error) {
    throw error instanceof TmDbError ? error.with({ hint: renewal }) : error;
  }
}

/**
 * A database signs with whatever it holds, were it nothing; PostgREST refuses to start with less than 32 bytes. Where the
 * role of the connection may not read the secret, the token itself tells whether it was signed with none.
 * @throws TmDbError SECRET_MISSING, SECRET_TOO_SHORT; CONFIG_INVALID for a column that no deployment makes; TOKEN_UNREADABLE.
 */
export async function refuseWorthless(client: DatabaseClient, project: Project, token: string): Promise<void> {
  if (isSignedWithNothing(token)) {
    throw project.config.jwtSecret === undefined
      ? new TmDbError("SECRET_MISSING", "the database signs tokens with an empty secret", {
          hint: "token.query of tm-db.config.json signs them: give it a secret",
        })
      : noSecret();
  }
  if (project.config.jwtSecret === undefined) return;
  try {
    acceptedKeys(await readSigningSecrets(project, { client }));
  } catch (error) {
    if (!isPermissionDenied(error)) throw error;
  }
}

function one(secret: NamedSecret): SigningSecrets {
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

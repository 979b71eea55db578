import { TmDbError } from "../core/errors.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { roleExists } from "../db/secrets.ts";
import { rightsOnSecrets } from "../doctor/secret.ts";
import { absent, allOr, ok, problem, skipped, type Verdict } from "../doctor/verdict.ts";
import type { SigningKey } from "../postgrest/signing-key.ts";
import type { Project, Target } from "./context.ts";
import { keysOf, lookForSecrets, secretOfEnvironment, type SigningSecrets } from "./signing-secret.ts";

export async function checkSecret(
  client: DatabaseClient,
  project: Project,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly keys: readonly SigningKey[] }> {
  const { jwtSecret: at, roles } = project.config;
  if (at === undefined) return checkVariable(project);
  const name = `${at.schema}.${at.table}.${at.column}`;
  const rotation = project.config.jwtRotation;
  const columns = {
    ...at,
    secret: [at.column, ...(rotation === undefined ? [] : [rotation.standby, rotation.previous])],
    other: rotation === undefined ? [] : [rotation.previousUntil],
  };
  const leaks = (await rightsOnSecrets(client, columns, roles)).map(({ role, column, privilege }) =>
    problem(
      `${role} may ${privilege === "select" ? "read" : privilege} ${at.schema}.${at.table}.${column}, and so make a token for anybody`,
      `revoke ${privilege} on ${quoteName(at.schema, at.table)} from ${quoteIdent(role)}, public;`,
      { kind: "grant", on: { kind: "relation", schema: at.schema, name: at.table }, privilege, grantee: role },
    ),
  );
  const { exists, secrets, canRotate } = await lookForSecrets(client, project);
  if (secrets === undefined) {
    const none = exists
      ? problem(`${name} holds no JWT secret: nobody can log in`, "npx tm-db migrate")
      : absent(`there is no column ${name} for the JWT secret: nobody can log in`, "jwtSecret");
    return { verdicts: [...leaks, none], keys: [] };
  }
  const { keys, wrong } = readKeys(secrets);
  const noExchange =
    rotation === undefined || canRotate
      ? []
      : [absent(`beside ${name} are not the columns for an exchange`, "jwtRotation")];
  return {
    verdicts: allOr(
      [...leaks, ...wrong, ...noExchange],
      `${name} is long enough, and no role of the API may read or write it`,
    ),
    keys,
  };
}

/** The keys of the secret that signs, and of those that are accepted what is wrong with them. */
function readKeys({ signing, accepted }: SigningSecrets): {
  readonly keys: readonly SigningKey[];
  readonly wrong: readonly Verdict[];
} {
  const wrong = accepted.flatMap((secret) => {
    const failure = failureOf(() => keysOf(secret));
    return failure === undefined ? [] : [problem(failure.message, failure.hint ?? "npx tm-db migrate")];
  });
  return { keys: wrong.length === 0 ? keysOf(signing) : [], wrong };
}

function failureOf(attempt: () => unknown): TmDbError | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof TmDbError) return error;
    throw error;
  }
}

function checkVariable(project: Project): Awaited<ReturnType<typeof checkSecret>> {
  const signing = secretOfEnvironment(project);
  if (signing === undefined) {
    return { verdicts: [skipped("the project names no jwtSecret, and TM_DB_JWT_SECRET is not set")], keys: [] };
  }
  const { keys, wrong } = readKeys({ signing, accepted: [signing] });
  return { verdicts: allOr(wrong, "TM_DB_JWT_SECRET is long enough; the database holds none"), keys };
}

/** Whether PostgREST's role can log in with the password that is known here. */
export async function checkLogin({ config, options }: Project, target: Target): Promise<Verdict> {
  const { authenticator } = config.roles;
  const password = target.authenticatorPassword;
  if (password === undefined) {
    return skipped(`the password of ${authenticator} is not known here: set TM_DB_AUTHENTICATOR_PASSWORD`);
  }
  try {
    const connection = { ...target.connection, user: authenticator, password };
    await withClient(connection, { signal: options.signal }, () => Promise.resolve());
    return ok(`${authenticator} logs in`);
  } catch (error) {
    if (!(error instanceof TmDbError) || error.code === "INTERRUPTED") throw error;
    if (error.code === "AUTHENTICATION_FAILED" && !(await isThere(authenticator, target, options.signal)))
      return skipped(`there is no role ${authenticator}`);
    return problem(
      `${authenticator} cannot log in: ${error.message}`,
      "set its password: TM_DB_AUTHENTICATOR_PASSWORD=<password> npx tm-db migrate",
    );
  }
}

/** PostgreSQL answers a login without its role as one with a wrong password. */
async function isThere(role: string, target: Target, signal: AbortSignal | undefined): Promise<boolean> {
  return await withClient(target.connection, { signal }, async (client) => await roleExists(client, role));
}

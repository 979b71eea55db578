import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { rolesThatRead } from "../doctor/secret.ts";
import { allOr, ok, problem, skipped, type Verdict } from "../doctor/verdict.ts";
import { type SigningKey, signingKeys } from "../postgrest/signing-key.ts";
import type { Project, Target } from "./context.ts";
import { databaseSecrets } from "./signing-secret.ts";

export async function checkSecret(
  client: DatabaseClient,
  project: Project,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly keys: readonly SigningKey[] }> {
  const { jwtSecret: at, roles } = project.config;
  if (at === undefined) return secretOfEnvironment(project);
  const name = `${at.schema}.${at.table}.${at.column}`;
  const readers = await rolesThatRead(client, at, roles);
  const leaks = readers.map((role) =>
    problem(
      `${role} may read ${name}, and so make a token for anybody`,
      `revoke select on ${at.schema}.${at.table} from ${role}, public;`,
      {
        kind: "grant",
        on: { kind: "relation", schema: at.schema, name: at.table },
        privilege: "select",
        grantee: role,
      },
    ),
  );
  const secrets = await databaseSecrets(client, project);
  if (secrets === undefined) {
    return {
      verdicts: [...leaks, problem(`${name} holds no JWT secret: nobody can log in`, "npx tm-db migrate")],
      keys: [],
    };
  }
  const keys = signingKeys(secrets.signing, name);
  return {
    verdicts: allOr(leaks, `${name} is long enough, and no role of the API may read it`),
    keys,
  };
}

function secretOfEnvironment({ options }: Project): Awaited<ReturnType<typeof checkSecret>> {
  const secret = options.env["TM_DB_JWT_SECRET"];
  if (secret === undefined || secret === "") {
    return { verdicts: [skipped("the project names no jwtSecret, and TM_DB_JWT_SECRET is not set")], keys: [] };
  }
  return {
    verdicts: [ok("TM_DB_JWT_SECRET is long enough; the database holds none")],
    keys: signingKeys(secret, "TM_DB_JWT_SECRET"),
  };
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
    return problem(
      `${authenticator} cannot log in: ${error.message}`,
      "set its password: TM_DB_AUTHENTICATOR_PASSWORD=<password> npx tm-db migrate",
    );
  }
}

import { randomBytes } from "node:crypto";
import type { SecretsResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { sqlError } from "../db/sql-error.ts";
import {
  fillSecret,
  readSecrets,
  roleExists,
  setRolePassword,
  type StoredSecrets,
  writeSecret,
} from "../db/secrets.ts";
import { SHORTEST_SECRET_BYTES } from "../postgrest/signing-key.ts";
import { scramVerifier } from "../server/scram.ts";
import { absentSetting, absentWords } from "./absent-settings.ts";
import type { Project, Target } from "./context.ts";

/**
 * The JWT secret that TM_DB_JWT_SECRET asks for, if it does.
 * @throws TmDbError SECRET_TOO_SHORT, before anything is connected to or written.
 */
export function chosenJwtSecret({ options }: Project): string | undefined {
  const secret = options.env["TM_DB_JWT_SECRET"];
  if (secret === undefined || secret === "") return undefined;
  if (secret.includes("\uFFFD")) {
    throw new TmDbError("USAGE", "TM_DB_JWT_SECRET is not text: as UTF-8 it would lose what makes it secret", {
      hint: 'write bytes as text, for example: export TM_DB_JWT_SECRET="$(openssl rand -base64 48)"',
    });
  }
  if (Buffer.byteLength(secret) >= SHORTEST_SECRET_BYTES) return secret;
  throw new TmDbError("SECRET_TOO_SHORT", `TM_DB_JWT_SECRET is shorter than ${SHORTEST_SECRET_BYTES} bytes`, {
    hint: 'make one: export TM_DB_JWT_SECRET="$(openssl rand -base64 48)"   (or unset it, and one is generated)',
  });
}

/** A secret that nobody has chosen: 384 bits. */
export function newJwtSecret(): string {
  return randomBytes(48).toString("base64url");
}

/**
 * Sees to it, in the transaction of a deployment, that the database can sign tokens and that `authenticator` can log
 * in. `isDeploying` says whether the role may have come into being just now.
 */
export async function settleSecrets(
  client: DatabaseClient,
  given: { readonly project: Project; readonly target: Target; readonly isDeploying: boolean },
): Promise<SecretsResult> {
  return {
    jwtSecret: await settleJwtSecret(client, given.project),
    authenticatorPassword: await settlePassword(client, given),
  };
}

async function settleJwtSecret(client: DatabaseClient, project: Project): Promise<SecretsResult["jwtSecret"]> {
  const column = project.config.jwtSecret;
  if (column === undefined) return "not configured";
  const { exists, stored } = await readSecrets(client, column, { rotation: project.config.jwtRotation });
  if (!exists) return "no such column";
  const chosen = chosenJwtSecret(project);
  if (stored !== undefined && (chosen === undefined || chosen === stored.secret)) return "kept";
  if (stored !== undefined) refuseRotatedSecret(chosen, stored);
  try {
    const put = stored === undefined ? fillSecret : writeSecret;
    await put(client, column, chosen ?? newJwtSecret());
  } catch (error) {
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  }
  return chosen === undefined ? "generated" : "set from TM_DB_JWT_SECRET";
}

/** After the whole of a deployment, nothing is left that could make the column: its name is wrong. */
export function absentColumn({ config, options }: Project, { jwtSecret }: SecretsResult): string[] {
  const { jwtSecret: column } = config;
  if (jwtSecret !== "no such column" || column === undefined) return [];
  const object = { kind: "column", ...column } as const;
  return absentSetting(options, { setting: "jwtSecret", object }).map(absentWords);
}

/** An environment that has not heard of the exchange must not undo it. */
function refuseRotatedSecret(chosen: string | undefined, { standby, previous }: StoredSecrets): void {
  if (chosen === undefined || ![standby, previous].includes(chosen)) return;
  const which = chosen === previous ? "that was exchanged" : "that waits to sign";
  throw new TmDbError("SECRET_ROTATION", `TM_DB_JWT_SECRET is the secret ${which}`, {
    hint: "unset it: the database keeps its secrets by itself. How far it is: npx tm-db secret status",
  });
}

async function settlePassword(
  client: DatabaseClient,
  {
    project,
    target,
    isDeploying,
  }: { readonly project: Project; readonly target: Target; readonly isDeploying: boolean },
): Promise<SecretsResult["authenticatorPassword"]> {
  const password = target.authenticatorPassword;
  const { authenticator } = project.config.roles;
  if (password === undefined || !(await roleExists(client, authenticator))) return "not set";
  const isAskedFor = project.options.env["TM_DB_AUTHENTICATOR_PASSWORD"] === password;
  if (!isDeploying && !isAskedFor) return "kept";
  await setRolePassword(client, authenticator, scramVerifier(password));
  return "set";
}

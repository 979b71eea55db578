import type { SecretResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { notifyReloadConfig } from "../db/notify.ts";
import {
  promoteStandbySecret,
  readSecrets,
  removePreviousSecret,
  type RotationColumns,
  type SecretColumn,
  type StoredSecrets,
  writeStandbySecret,
} from "../db/secrets.ts";
import { withTransaction } from "../db/transaction.ts";
import { refuseAbsentSettings } from "./absent-settings.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project } from "./context.ts";
import { chosenJwtSecret, newJwtSecret } from "./secrets.ts";

/** Where a project keeps its secret, and the two beside it. */
interface Columns {
  readonly at: SecretColumn;
  readonly rotation: RotationColumns;
}

/** What a step has before it: the locked row. */
interface Step {
  readonly client: DatabaseClient;
  readonly project: Project;
  readonly columns: Columns;
  readonly stored: StoredSecrets;
}

type Change = Pick<SecretResult, "changed" | "unannounced">;

const CHANGED: Change = { changed: true, unannounced: false };
const UNCHANGED: Change = { changed: false, unannounced: false };

/**
 * A secret that waits: PostgREST accepts its tokens as soon as it has read its configuration, and nothing signs with it
 * yet. So no token is refused when it begins to.
 * @throws TmDbError SECRET_ROTATION where one waits already.
 */
export async function secretPrepare(options: CommandOptions): Promise<SecretResult> {
  return await step("secret prepare", options, async ({ client, project, columns, stored }) => {
    if (stored.standby !== null) {
      throw new TmDbError("SECRET_ROTATION", "a secret waits already", {
        hint: "let it sign: npx tm-db secret rotate",
      });
    }
    await addStandby(client, columns, freshSecret(project, stored));
    return CHANGED;
  });
}

export interface SecretRotateOptions extends CommandOptions {
  /** How long the secret before is still accepted; with 0, its tokens are void at once. */
  readonly graceSeconds: number;
}

/**
 * Signs with another secret from now on: the one that waits, or else a new one. The one before is accepted for a while.
 * @throws TmDbError SECRET_ROTATION while the one before that is still accepted: its tokens would be void.
 */
export async function secretRotate(options: SecretRotateOptions): Promise<SecretResult> {
  return await step("secret rotate", options, async ({ client, project, columns, stored }) => {
    if (stored.previousAccepted) {
      throw new TmDbError("SECRET_ROTATION", `the secret before is accepted until ${stored.previousUntil}`, {
        hint: "wait until then; or void its tokens now: npx tm-db secret revoke --now",
      });
    }
    if (stored.standby === null) await addStandby(client, columns, freshSecret(project, stored));
    else refuseStaleVariable(project, stored.standby);
    const { at, rotation } = columns;
    await promoteStandbySecret(client, at, { rotation, graceSeconds: options.graceSeconds });
    return { changed: true, unannounced: stored.standby === null };
  });
}

export interface SecretRevokeOptions extends CommandOptions {
  /** Also before its time is over. */
  readonly now?: boolean | undefined;
}

/** Forgets the secret before. @throws TmDbError SECRET_ROTATION while it is accepted, unless `now` says so. */
export async function secretRevoke(options: SecretRevokeOptions): Promise<SecretResult> {
  return await step("secret revoke", options, async ({ client, columns, stored }) => {
    if (stored.previous === null) return UNCHANGED;
    if (stored.previousAccepted && options.now !== true) {
      throw new TmDbError("SECRET_ROTATION", `tokens of the secret before are accepted until ${stored.previousUntil}`, {
        hint: "wait until then; or void them now: npx tm-db secret revoke --now",
      });
    }
    await removePreviousSecret(client, columns.at, columns.rotation);
    return CHANGED;
  });
}

/** How far the exchange is. */
export async function secretStatus(options: CommandOptions): Promise<SecretResult> {
  return await step("secret status", options, () => Promise.resolve(UNCHANGED));
}

/** Runs a step in one transaction, with the row locked, so that two who rotate at once do it one after the other. */
async function step(
  command: SecretResult["command"],
  options: CommandOptions,
  change: (given: Step) => Promise<Change>,
): Promise<SecretResult> {
  const project = openProject(options);
  const columns = columnsOf(project);
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    const isReading = command === "secret status";
    const read = async (): Promise<StoredSecrets> => {
      const { at, rotation } = columns;
      const { stored, canRotate } = await readSecrets(client, at, { rotation, forUpdate: !isReading });
      if (stored !== undefined && canRotate) return stored;
      await refuseAbsentSettings(client, project, ["jwtSecret", "jwtRotation"]);
      throw new TmDbError("SECRET_MISSING", "the database has no secret, or not the columns of jwtRotation", {
        hint: "npx tm-db migrate",
      });
    };
    return await withTransaction(client, isReading ? "read only" : "read write", async () => {
      const { changed, unannounced } = await change({ client, project, columns, stored: await read() });
      if (changed) await notifyReloadConfig(client);
      const { standby, previous, previousUntil, previousAccepted } = await read();
      return {
        command,
        database: nameOf(target, client),
        changed,
        unannounced,
        standby: standby !== null,
        previous: previous === null ? null : { until: previousUntil ?? "", accepted: previousAccepted },
        next: nextSteps({ changed, standby: standby !== null, previous: previous !== null }),
      };
    });
  });
}

function nextSteps(after: {
  readonly changed: boolean;
  readonly standby: boolean;
  readonly previous: boolean;
}): string[] {
  const tell = after.changed ? ["npx tm-db postgrest config"] : [];
  if (after.standby) return [...tell, "npx tm-db secret rotate"];
  return after.previous ? [...tell, "npx tm-db secret revoke"] : tell;
}

function columnsOf({ config }: Project): Columns {
  const { jwtSecret: at, jwtRotation: rotation } = config;
  if (at !== undefined && rotation !== undefined) return { at, rotation };
  throw new TmDbError("SECRET_MISSING", "tm-db.config.json does not say where a second secret is kept", {
    hint: "set jwtSecret and jwtRotation; docs/deploy.md of the package tm-db shows the columns that they name",
  });
}

async function addStandby(client: DatabaseClient, { at, rotation }: Columns, secret: string): Promise<void> {
  await writeStandbySecret(client, at, { standby: rotation.standby, secret });
}

/** The one that TM_DB_JWT_SECRET chooses, or a random one. */
function freshSecret(project: Project, stored: StoredSecrets): string {
  const chosen = chosenJwtSecret(project);
  if (chosen === undefined) return newJwtSecret();
  if (chosen !== stored.secret && chosen !== stored.previous) return chosen;
  throw new TmDbError("SECRET_ROTATION", "TM_DB_JWT_SECRET still holds a secret that is in use", {
    hint: "set it to the new secret, or unset it and one is generated",
  });
}

/** The next `migrate` in this environment would put another secret in the place of the one that signs. */
function refuseStaleVariable(project: Project, next: string): void {
  const chosen = chosenJwtSecret(project);
  if (chosen === undefined || chosen === next) return;
  throw new TmDbError("SECRET_ROTATION", "TM_DB_JWT_SECRET is not the secret that waits", {
    hint: "unset it here and wherever `tm-db migrate` runs: it would put that secret back",
  });
}

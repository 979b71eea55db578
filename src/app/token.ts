import type { TokenDecodeResult, TokenResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { readMembership } from "../db/role-membership.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { hasSeed } from "../files/find-seed.ts";
import { newClaims } from "../postgrest/claims.ts";
import { claimProblems, decodeToken, isUnsigned, signToken, UNSIGNED, verifySignature } from "../postgrest/token.ts";
import { refuseAbsentSettings } from "./absent-settings.ts";
import { type CommandOptions, openProject, openTarget, type Project } from "./context.ts";
import { readIssuedToken } from "./issued-token.ts";
import { acceptedKeys, keysOf, readSigningSecrets, type SigningSecrets } from "./signing-secret.ts";

export interface TokenOptions extends CommandOptions {
  /** Whom `token.query` of the settings issues the token for; or `role`, for a token without an account. */
  readonly user?: string | undefined;
  readonly role?: string | undefined;
  /** Instead of the lifetime that the query gave; an hour without a query. */
  readonly ttlSeconds?: number | undefined;
  /** Put over the claims of the query. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  readonly secretFile?: string | undefined;
}

/** The most that nginx and others take in a header line. */
const LONGEST_TOKEN = 8000;

/**
 * A token of a user, by the database's own query; what `ttlSeconds` and `claims` change is signed anew with the same secret.
 * @throws TmDbError TOKEN_USER_UNKNOWN, CONFIG_INVALID where the query answers no token, SECRET_MISSING, SECRET_TOO_SHORT, IMPERSONATION_REFUSED for a role that PostgREST
 * cannot become, USAGE.
 */
export async function token(options: TokenOptions): Promise<TokenResult> {
  const project = openProject(options);
  if (options.user === undefined && options.role === undefined && options.claims?.["role"] === undefined) {
    throw new TmDbError("USAGE", "whose token shall it be?", {
      hint: "npx tm-db token --user <name>   or, without an account: npx tm-db token --role <role>",
    });
  }
  const needsDatabase =
    options.user !== undefined || (options.secretFile === undefined && project.config.jwtSecret !== undefined);
  const issued = needsDatabase ? await onDatabase(project, options) : await issue(project, options, undefined);
  if (issued.token.length > LONGEST_TOKEN) {
    throw new TmDbError("USAGE", `the token is ${issued.token.length} bytes long: servers refuse such header lines`, {
      hint: `leave claims out: up to ${LONGEST_TOKEN} bytes pass`,
    });
  }
  return issued;
}

async function onDatabase(project: Project, options: TokenOptions): Promise<TokenResult> {
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await issue(project, options, { client, isEmbedded: target.kind === "embedded" });
  });
}

interface OpenDatabase {
  readonly client: DatabaseClient;
  /** Whether development data may be in it. */
  readonly isEmbedded: boolean;
}

async function issue(
  project: Project,
  options: TokenOptions,
  database: OpenDatabase | undefined,
): Promise<TokenResult> {
  const { user, role, ttlSeconds, claims, secretFile } = options;
  const own = user === undefined || database === undefined ? undefined : await issuedFor(database, project, user);
  const client = database?.client;
  const isAsIssued = [role, ttlSeconds, claims, secretFile].every((option) => option === undefined);
  if (own !== undefined && isAsIssued) return result(own, "the database");
  const wanted = newClaims({
    base: own === undefined ? {} : decodeToken(own).claims,
    role,
    roleKey: project.config.postgrest["jwt-role-claim-key"],
    claims: claims ?? {},
    ttlSeconds,
    now: new Date(),
  });
  const becomes = role ?? wanted["role"];
  if (client !== undefined && typeof becomes === "string") {
    await refuseForeignRole(client, project, becomes);
  }
  const secrets = await readSigningSecrets(project, { client, secretFile });
  return result(await signToken(wanted, keysOf(secrets.signing)), secrets.signing.name);
}

async function issuedFor({ client, isEmbedded }: OpenDatabase, project: Project, user: string): Promise<string> {
  const { config } = project;
  if (config.token === undefined) {
    throw new TmDbError("USAGE", "this project does not say how a user's token is issued", {
      hint: "set token.query in tm-db.config.json, or make one without an account: npx tm-db token --role <role>",
    });
  }
  const issued = await readIssuedToken(client, project, { query: config.token.query, user });
  if (issued !== undefined) return issued;
  const comesWithReset = isEmbedded && (await hasSeed(config, "dev"));
  throw new TmDbError("TOKEN_USER_UNKNOWN", `the database issues no token for ${user}`, {
    hint: comesWithReset
      ? "check the name; development data come with: npx tm-db reset"
      : "check the name: token.query of the settings says where it is looked up",
  });
}

async function refuseForeignRole(client: DatabaseClient, project: Project, role: string): Promise<void> {
  const { authenticator } = project.config.roles;
  const { exists, canBecome, memberOf } = await readMembership(client, { role, authenticator });
  if (canBecome) return;
  await refuseAbsentSettings(client, project, ["roles.authenticator"]);
  if (!exists) {
    const known = memberOf.length === 0 ? "" : `: ${memberOf.slice(0, 10).join(", ")}`;
    throw new TmDbError("IMPERSONATION_REFUSED", `there is no role ${role}`, {
      hint: `name a role that ${authenticator} is a member of${known}`,
    });
  }
  throw new TmDbError("IMPERSONATION_REFUSED", `PostgREST's ${authenticator} cannot become the role ${role}`, {
    hint: `name a role that it is a member of, or: grant ${quoteIdent(role)} to ${quoteIdent(authenticator)}`,
  });
}

function result(issued: string, signedBy: string): TokenResult {
  const { claims } = decodeToken(issued);
  const { exp } = claims;
  const expiresAt = typeof exp === "number" ? isoTime(exp) : null;
  return { command: "token", token: issued, claims, expiresAt, signedBy };
}

/** Seconds since 1970, as far as a calendar goes. */
function isoTime(seconds: number): string | null {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

export interface TokenDecodeOptions extends CommandOptions {
  readonly token: string;
  readonly secretFile?: string | undefined;
}

/**
 * What stands in a token, and whether PostgREST would take it. Where no secret can be had, the result says that nobody
 * checked.
 * @throws TmDbError TOKEN_UNREADABLE; for a secret file, FILE_UNREADABLE.
 */
export async function tokenDecode(options: TokenDecodeOptions): Promise<TokenDecodeResult> {
  const project = openProject(options);
  const text = options.token.trim().replace(/^Bearer\s+/i, "");
  const { header, claims } = decodeToken(text);
  const now = new Date();
  const signature = await checkSignature(project, options, text);
  const problems = claimProblems(claims, now);
  const isRefused = signature.kind === "refused" || problems.length > 0;
  return {
    command: "token decode",
    header,
    claims,
    signature,
    problems,
    issuedIn: secondsFrom(now, claims["iat"]),
    expiresIn: secondsFrom(now, claims["exp"]),
    accepted: isRefused ? false : signature.kind === "verified" ? true : null,
  };
}

function secondsFrom(now: Date, time: unknown): number | null {
  return typeof time === "number" ? Math.round(time - now.getTime() / 1000) : null;
}

async function checkSignature(
  project: Project,
  options: TokenDecodeOptions,
  text: string,
): Promise<TokenDecodeResult["signature"]> {
  let secrets: SigningSecrets;
  try {
    secrets = await secretsForReading(project, options);
  } catch (error) {
    if (options.secretFile !== undefined || !(error instanceof TmDbError) || error.code === "INTERRUPTED") throw error;
    return isUnsigned(decodeToken(text).header)
      ? { kind: "refused", because: UNSIGNED }
      : { kind: "not-checked", because: error.message };
  }
  const found = await verifySignature(text, acceptedKeys(secrets));
  if (found.kind === "refused") return found;
  for (const secret of secrets.accepted) {
    if ((await verifySignature(text, keysOf(secret))).kind === "verified") return { kind: "verified", by: secret.name };
  }
  return { kind: "verified", by: secrets.signing.name };
}

async function secretsForReading(project: Project, options: TokenDecodeOptions): Promise<SigningSecrets> {
  const { secretFile } = options;
  if (secretFile !== undefined || project.config.jwtSecret === undefined)
    return await readSigningSecrets(project, { secretFile });
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await readSigningSecrets(project, { client });
  });
}

import type { DoctorCheck } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { Skew } from "../doctor/clock.ts";
import {
  askHealth,
  askRelations,
  askRoot,
  askWithToken,
  type Health,
  judgeHealth,
  judgePostgrestClock,
  judgeRelations,
  judgeRoot,
  judgeToken,
  type RootAnswer,
} from "../doctor/postgrest.ts";
import type { Relation } from "../doctor/relations.ts";
import { named, skipped, type Verdict } from "../doctor/verdict.ts";
import type { SigningKey } from "../postgrest/signing-key.ts";
import { signToken } from "../postgrest/token.ts";
import type { CommandOptions, Project } from "./context.ts";

export interface Addresses {
  readonly url: string | undefined;
  readonly adminUrl: string | undefined;
}

interface AddressOptions extends CommandOptions {
  readonly postgrestUrl?: string | undefined;
  readonly postgrestAdminUrl?: string | undefined;
}

/** Where PostgREST is, by the flags, the environment, or the project. @throws TmDbError USAGE. */
export function postgrestAddresses(options: AddressOptions, { config }: Project): Addresses {
  const { env } = options;
  return {
    url: address([
      ["--postgrest-url", options.postgrestUrl],
      ["POSTGREST_URL", env["POSTGREST_URL"]],
      ["postgrestUrl", config.postgrestUrl],
    ]),
    adminUrl: address([
      ["--postgrest-admin-url", options.postgrestAdminUrl],
      ["POSTGREST_ADMIN_URL", env["POSTGREST_ADMIN_URL"]],
      ["postgrestAdminUrl", config.postgrestAdminUrl],
    ]),
  };
}

/** The first that is given. It is printed, so that a password has no place in it. */
function address(given: readonly (readonly [name: string, value: string | undefined])[]): string | undefined {
  const [name, value] = given.find(([, text]) => text !== undefined && text !== "") ?? [];
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  }
  throw new TmDbError("USAGE", `${name} is no http address, or holds a user or password`, {
    hint: "for example: npx tm-db doctor --postgrest-url http://localhost:3000",
  });
}

/** Questions that are under way while the database is looked at. */
export interface Asked extends Addresses {
  readonly root: Promise<RootAnswer> | undefined;
  readonly health: Promise<Health> | undefined;
  readonly signal: AbortSignal | undefined;
}

export function askPostgrest(addresses: Addresses, signal: AbortSignal | undefined): Asked {
  const { url, adminUrl } = addresses;
  return {
    ...addresses,
    signal,
    root: url === undefined ? undefined : askRoot(url, signal),
    health: adminUrl === undefined ? undefined : askHealth(adminUrl, signal),
  };
}

/** What PostgREST is compared with. */
export interface DatabaseFacts {
  /** The exposed tables and views; undefined where they could not be read. */
  readonly relations: readonly Relation[] | undefined;
  readonly skew: Skew;
  readonly keys: readonly SigningKey[];
  readonly anonymous: string;
}

/** Asks what depends on the database, and judges all. */
export async function judgePostgrest(asked: Asked, facts: DatabaseFacts): Promise<readonly DoctorCheck[]> {
  const { url, adminUrl, signal } = asked;
  const health = await asked.health;
  const ready = health === undefined || adminUrl === undefined ? [] : [judgeHealth(health, adminUrl)];
  const answer = await asked.root;
  if (url === undefined || answer === undefined) {
    const why = "no address: --postgrest-url, POSTGREST_URL, or postgrestUrl in tm-db.config.json";
    return [...named("postgrest", [skipped(why)]), ...named("postgrest ready", ready)];
  }
  const reached = judgeRoot(answer, url);
  const about = [...named("postgrest", [reached]), ...named("postgrest ready", ready)];
  if (reached.verdict === "problem" || answer.kind === "none") return about;
  const { relations } = facts;
  const [known, token] = await Promise.all([
    relations === undefined ? undefined : askRelations(url, relations, signal),
    tryToken(url, { facts, postgrest: answer.skew ?? facts.skew, signal }),
  ]);
  return [
    ...about,
    ...named("postgrest schema", known === undefined ? [] : [judgeRelations(known)]),
    ...named("postgrest secret", [token]),
    ...named("postgrest clock", judgePostgrestClock(answer, facts.skew)),
  ];
}

const TOKEN_SECONDS = 30;

/**
 * With a token of the anonymous role, which lets nobody do what they could not do without one. By PostgREST's own clock, so that a
 * wrong clock does not pass for a wrong secret.
 */
async function tryToken(
  url: string,
  given: { readonly facts: DatabaseFacts; readonly postgrest: Skew; readonly signal: AbortSignal | undefined },
): Promise<Verdict> {
  const { keys, anonymous } = given.facts;
  if (keys.length === 0) return skipped("no JWT secret is known to try");
  const now = Math.floor((Date.now() + given.postgrest.ms) / 1000);
  const token = await signToken({ role: anonymous, iat: now, exp: now + TOKEN_SECONDS }, keys);
  return judgeToken(await askWithToken(url, token, given.signal));
}

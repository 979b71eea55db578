import { TmDbError } from "../core/errors.ts";

const DEFAULT_TTL_SECONDS = 3600;

export interface ClaimsInput {
  /** What the project's own token says; empty where there is none. */
  readonly base: Readonly<Record<string, unknown>>;
  readonly role: string | undefined;
  /** PostgREST's `jwt-role-claim-key`. */
  readonly roleKey: unknown;
  /** Put over the others. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly ttlSeconds: number | undefined;
  readonly now: Date;
}

/** The claims of a new token. @throws TmDbError USAGE for a number that JSON would not keep, and for what is nested too deep. */
export function newClaims({ base, role, roleKey, claims, ttlSeconds, now }: ClaimsInput): Record<string, unknown> {
  if (isNestedTooDeep(claims)) {
    throw new TmDbError("USAGE", `the claims are nested more than ${MOST_NESTED} deep`, { hint: "write them flatter" });
  }
  const iat = Math.floor(now.getTime() / 1000);
  const own = typeof base["iat"] === "number" ? Math.max(iat, base["iat"]) : iat;
  const exp = ttlSeconds === undefined ? (claims["exp"] ?? base["exp"] ?? iat + DEFAULT_TTL_SECONDS) : own + ttlSeconds;
  const merged = withRole({ ...base, iat: own, ...claims, exp }, role, roleKey);
  const lost = findLostNumber(merged);
  if (lost === undefined) return merged;
  throw new TmDbError("USAGE", `the claim ${lost} is a number that JSON does not keep exactly`, {
    hint: "write it as a text, or smaller",
  });
}

/** `.role`, `.app.role`, `$.app.role`: names that need no quoting. */
const PLAIN_KEY = /^\$?((?:\.[A-Za-z_]\w*)+)$/;

function withRole(
  claims: Record<string, unknown>,
  role: string | undefined,
  roleKey: unknown,
): Record<string, unknown> {
  if (role === undefined) return claims;
  const path = PLAIN_KEY.exec(typeof roleKey === "string" ? roleKey : ".role")?.[1]
    ?.slice(1)
    .split(".");
  if (path === undefined) {
    throw new TmDbError("USAGE", `cannot put a role where jwt-role-claim-key looks for it: ${String(roleKey)}`, {
      hint: "put it there yourself: npx tm-db token --claims '{…}'",
    });
  }
  return putAt(claims, path, role);
}

function putAt(
  claims: Record<string, unknown>,
  [first = "", ...rest]: readonly string[],
  role: string,
): Record<string, unknown> {
  const inner = claims[first];
  const within = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  return { ...claims, [first]: rest.length === 0 ? role : putAt(within, rest, role) };
}

/** More than a token of any size that servers take would need; printing what is nested without end fails. */
export const MOST_NESTED = 1000;

/** Whether lists and objects stand in one another more than `MOST_NESTED` deep. */
export function isNestedTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth < MOST_NESTED; depth += 1) {
    level = level.flatMap((entry): unknown[] =>
      typeof entry === "object" && entry !== null ? Object.values(entry) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

/** Where a whole number stands that is too large for JSON in JavaScript. */
function findLostNumber(value: unknown, path = ""): string | undefined {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value) ? path : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = findLostNumber(entry, path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

import { jsonMembers, objectOfMembers } from "../core/json-members.ts";
import type { Identity } from "./audience.ts";

/** Who a token says somebody is, or why it is worth nothing. */
export type TokenCheck =
  { readonly kind: "valid"; readonly identity: Identity } | { readonly kind: "refused"; readonly because: string };

export interface IdentityRules {
  /** Where the role stands in the claims: the names on the way. */
  readonly rolePath: readonly string[];
  /** The role of tokens that name none. */
  readonly anonymousRole: string;
  /** PostgREST's `jwt-aud`, as one text: who a token must be for if it says for whom it is. */
  readonly audience: string | undefined;
}

/** `.role`, `.app.role`, `$.app.role`: what can be followed of PostgREST's `jwt-role-claim-key`; undefined for the rest. */
export function rolePathOf(key: string): readonly string[] | undefined {
  return /^\$?((?:\.[A-Za-z_]\w*)+)$/.exec(key)?.[1]?.slice(1).split(".");
}

/** What a token says of itself, and not of its user. */
const ABOUT_TOKEN: ReadonlySet<string> = new Set(["exp", "iat", "jti", "nbf"]);

/** Control characters, and halves of characters: no name has them, and PostgreSQL takes no text with some of them. */
const UNNAMABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * The user of a token whose signature and times are right, as PostgREST reads it; `payload` is the text of the claims. It
 * must also say when it expires: a socket is not asked for it again.
 */
export function identityOf(
  { claims, payload }: { readonly claims: Readonly<Record<string, unknown>>; readonly payload: string },
  rules: IdentityRules,
): TokenCheck {
  const { exp, aud } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp)) return refused("the token does not say when it expires (exp)");
  const named: readonly unknown[] = [aud ?? rules.audience].flat();
  if (rules.audience !== undefined && !named.includes(rules.audience))
    return refused("the token is for somebody else (aud)");
  const role = rules.rolePath.reduce<unknown>(propertyOf, claims) ?? rules.anonymousRole;
  if (typeof role !== "string" || role === "" || UNNAMABLE.test(role)) return refused("the token's role is no name");
  // PostgREST puts the role among the claims, and keeps each number as it is written: so do we.
  const members = jsonMembers(payload).set("role", JSON.stringify(role));
  const ofUser = [...members].filter(([name]) => !ABOUT_TOKEN.has(name)).sort();
  return { kind: "valid", identity: { role, claims: objectOfMembers(members), user: objectOfMembers(ofUser), exp } };
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function refused(because: string): TokenCheck {
  return { kind: "refused", because };
}

import { createHmac } from "node:crypto";
import { compactVerify, errors, importJWK, SignJWT } from "jose";
import { TmDbError } from "../core/errors.ts";
import { isNestedTooDeep, MOST_NESTED } from "./claims.ts";
import type { SigningKey } from "./signing-key.ts";

/** What stands in a token; whether it is true is another question. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The claims as they stand there: numbers have digits that `claims` has lost. */
  readonly payload: string;
}

/** Whether a signature is that of one of the keys. */
export type Signature = { readonly kind: "verified" } | { readonly kind: "refused"; readonly because: string };

/** Seconds by which clocks may differ: PostgREST allows as many (`allowedSkewSeconds`, `src/PostgREST/Auth/Jwt.hs`). */
const SKEW_SECONDS = 30;

/**
 * Reads a token without asking who signed it.
 * @throws TmDbError TOKEN_UNREADABLE; the token itself is never repeated.
 */
export function decodeToken(token: string): DecodedToken {
  const parts = token.split(".");
  if (parts.length !== 3) {
    if (token === "") throw unreadable("it is empty");
    throw unreadable(`it has ${parts.length === 1 ? "1 part" : `${parts.length} parts`}, and a signed token has 3`);
  }
  const [first = "", second = ""] = parts;
  const header = jsonPart(first, "header").value;
  const { value: claims, text: payload } = jsonPart(second, "claims");
  return { header, claims, payload };
}

function jsonPart(
  part: string,
  name: string,
): { readonly value: Readonly<Record<string, unknown>>; readonly text: string } {
  let text: string;
  let value: unknown;
  try {
    if (!/^[\w-]+$/.test(part)) throw new SyntaxError("not base64url");
    text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(part, "base64url"));
    value = JSON.parse(text);
  } catch {
    throw unreadable(`its ${name} part is not JSON in base64url`);
  }
  if (isNestedTooDeep(value)) {
    throw new TmDbError("TOKEN_UNREADABLE", `the token's ${name} part is nested more than ${MOST_NESTED} deep`, {
      hint: "let whoever issues it write flatter claims",
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { value: value as Record<string, unknown>, text };
  }
  throw unreadable(`its ${name} part is not a JSON object`);
}

function unreadable(why: string): TmDbError {
  return new TmDbError("TOKEN_UNREADABLE", `this is no signed token: ${why}`, {
    hint: "give it whole, without `Bearer` before it: npx tm-db token --user <name> | npx tm-db token decode",
  });
}

/** Why a token without a signature is refused, whatever the secret. */
export const UNSIGNED = "it is not signed (alg: none)";

export function isUnsigned({ alg }: DecodedToken["header"]): boolean {
  return typeof alg !== "string" || alg.toLowerCase() === "none";
}

/** Whether anybody could have made the token: its signature is an HMAC with an empty key. @throws TmDbError TOKEN_UNREADABLE. */
export function isSignedWithNothing(token: string): boolean {
  const [header = "", claims = "", signature] = token.split(".");
  const { alg } = decodeToken(token).header;
  const hash = /^HS(256|384|512)$/.exec(String(alg))?.[1];
  if (hash === undefined) return false;
  return createHmac(`sha${hash}`, "").update(`${header}.${claims}`).digest("base64url") === signature;
}

/**
 * Checks a signature as PostgREST does (`canDecodeJws` of its library jose-jwt): the keys that fit the token's `alg` and,
 * if it names one, its `kid` are tried one after the other. A token without a signature (`alg: none`) fits none.
 */
export async function verifySignature(token: string, keys: readonly SigningKey[]): Promise<Signature> {
  const { header } = decodeToken(token);
  const { alg, kid } = header;
  if (isUnsigned(header) || typeof alg !== "string") return refused(UNSIGNED);
  const fitting = keys.filter(
    (key) => (kid === undefined || kid === key.kid) && (key.alg ?? alg) === alg && key.use !== "enc" && fits(alg, key),
  );
  if (fitting.length === 0) {
    const named = kid === undefined ? "" : ` and kid ${JSON.stringify(kid)}`;
    return refused(`there is no key for its alg ${JSON.stringify(alg)}${named}`);
  }
  for (const key of fitting) if (await isSignedBy(token, key, alg)) return { kind: "verified" };
  return refused("its signature is that of another secret");
}

/** An HMAC by a public key, which everybody knows, must not count as a signature. */
function fits(alg: string, { kty }: SigningKey): boolean {
  if (/^HS(256|384|512)$/.test(alg)) return kty === "oct";
  if (/^[RP]S(256|384|512)$/.test(alg)) return kty === "RSA";
  return /^ES(256|384|512)$/.test(alg) ? kty === "EC" : alg === "EdDSA" && kty === "OKP";
}

async function isSignedBy(token: string, key: SigningKey, alg: string): Promise<boolean> {
  try {
    await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // A key that is none is not that of the token; Web Crypto says so by a DOMException.
    const isAboutKey = error instanceof TypeError || error instanceof DOMException;
    if (isAboutKey || error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function refused(because: string): Signature {
  return { kind: "refused", because };
}

/**
 * Why PostgREST would refuse these claims at that moment whoever signed them: `checkForErrors` in its
 * `src/PostgREST/Auth/Jwt.hs`. Of `aud` it says nothing, since the audience is PostgREST's own setting.
 */
export function claimProblems(claims: Readonly<Record<string, unknown>>, now: Date): string[] {
  const seconds = Math.floor(now.getTime() / 1000);
  const { exp } = claims;
  const wrong = ["exp", "nbf", "iat"]
    .filter((name) => typeof (claims[name] ?? 0) !== "number")
    .map((name) => `${name} is not a number`);
  const expired = typeof exp === "number" && seconds - SKEW_SECONDS > exp ? ["it has expired"] : [];
  const early = (["nbf", "iat"] as const)
    .filter((name) => typeof claims[name] === "number" && seconds + SKEW_SECONDS < claims[name])
    .map((name) => (name === "nbf" ? "it is not valid yet (nbf)" : "it was issued in the future (iat)"));
  return [...wrong, ...expired, ...early];
}

/** What a token is worth: its claims, or why PostgREST would answer 401. */
export type TokenVerdict =
  | ({ readonly kind: "valid" } & Pick<DecodedToken, "claims" | "payload">)
  | { readonly kind: "refused"; readonly because: string };

/** Signature and times together, for whoever lets somebody in. @throws TmDbError TOKEN_UNREADABLE. */
export async function verifyToken(token: string, keys: readonly SigningKey[], now: Date): Promise<TokenVerdict> {
  const { claims, payload } = decodeToken(token);
  const signature = await verifySignature(token, keys);
  if (signature.kind === "refused") return signature;
  const [because] = claimProblems(claims, now);
  return because === undefined ? { kind: "valid", claims, payload } : { kind: "refused", because };
}

/** Signs claims with the first of the keys that can sign: HS256 unless the key says otherwise. */
export async function signToken(
  claims: Readonly<Record<string, unknown>>,
  keys: readonly SigningKey[],
): Promise<string> {
  const key = keys.find(({ kty, d, use }) => use !== "enc" && (kty === "oct" || d !== undefined));
  if (key === undefined) {
    throw new TmDbError("USAGE", "the JWT secret holds public keys only, which can verify tokens and sign none", {
      hint: "name a secret that can sign: npx tm-db token --secret-file <file>",
    });
  }
  const alg = key.alg ?? (key.kty === "oct" ? "HS256" : key.kty === "RSA" ? "RS256" : "ES256");
  const header = { alg, typ: "JWT", ...(key.kid === undefined ? {} : { kid: key.kid }) };
  return await new SignJWT({ ...claims }).setProtectedHeader(header).sign(await importJWK(key, alg));
}

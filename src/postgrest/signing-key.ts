import type { JWK } from "jose";
import { TmDbError } from "../core/errors.ts";

/** A JSON Web Key (RFC 7517). */
export type SigningKey = JWK;

/** The shortest key of HS256 that PostgREST and RFC 7518, section 3.2, accept. */
export const SHORTEST_SECRET_BYTES = 32;

/**
 * The keys that a value of PostgREST's `jwt-secret` means (`parseSecret` in its `src/PostgREST/Config.hs`): a JSON Web
 * Key, a set of them, or else the text itself, as a key of HS256.
 * @throws TmDbError SECRET_TOO_SHORT; `name` says whose secret it is.
 */
export function signingKeys(secret: string, name: string): readonly SigningKey[] {
  const keys = keySet(secret) ?? [textKey(secret)];
  if (keys.some((key) => key.kty === "oct" && byteLength(key) < SHORTEST_SECRET_BYTES)) {
    throw new TmDbError("SECRET_TOO_SHORT", `${name} is shorter than ${SHORTEST_SECRET_BYTES} bytes`, {
      hint: 'make one: export TM_DB_JWT_SECRET="$(openssl rand -base64 48)"',
    });
  }
  return keys;
}

function byteLength({ k }: JWK): number {
  return Buffer.from(k ?? "", "base64url").length;
}

/** No `kid`: PostgREST gives none to a text either, and a token that names one is then refused. */
function textKey(secret: string): JWK {
  return { kty: "oct", k: Buffer.from(secret, "utf8").toString("base64url"), use: "sig", alg: "HS256" };
}

function keySet(text: string): readonly SigningKey[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (isKey(value)) return [value];
  const keys = typeof value === "object" && value !== null && "keys" in value ? value.keys : undefined;
  return Array.isArray(keys) && keys.every(isKey) ? keys : undefined;
}

function isKey(value: unknown): value is JWK {
  return typeof value === "object" && value !== null && "kty" in value && typeof value.kty === "string";
}

/**
 * What PostgREST's `jwt-secret` has to be so that it accepts all these secrets: the text of a single one, or a set of
 * keys, which it tries one after the other since they have no `kid`. A text that begins with `@` would be a file's name.
 */
export function jwtSecretOption(secrets: readonly string[]): string | undefined {
  const [only] = secrets;
  if (only === undefined) return undefined;
  return secrets.length === 1 && !only.startsWith("@") ? only : jwtSecretSet(secrets);
}

/** The same as a set in any case: of characters that mean themselves everywhere. */
export function jwtSecretSet(secrets: readonly string[]): string {
  return JSON.stringify({ keys: secrets.flatMap((secret) => signingKeys(secret, "the JWT secret")) });
}

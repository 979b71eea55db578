import { createHash, createHmac, pbkdf2Sync, randomBytes as random } from "node:crypto";

// What pg computes its answers to a password request with (its lib/crypto/utils.js), by Node's own functions in place of
// Web Crypto, which takes three times as long for one login: nearly all of it to load. The build puts this in pg's place;
// the protocol, and what is compared, stay pg's. The names are pg's, too.

export function randomBytes(length: number): Buffer {
  return random(length);
}

export function md5(text: string | Buffer): string {
  return createHash("md5").update(text).digest("hex");
}

/** https://www.postgresql.org/docs/current/protocol-flow.html, AuthenticationMD5Password. */
export function postgresMd5PasswordHash(user: string, password: string, salt: Buffer): string {
  return `md5${md5(Buffer.concat([Buffer.from(md5(password + user)), salt]))}`;
}

export function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

/** `name` as Web Crypto calls it: `SHA-256`. */
export function hashByName(name: string, data: Buffer): Buffer {
  return createHash(name.replace("SHA-", "sha")).update(data).digest();
}

export function hmacSha256(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** PBKDF2 with SHA-256, 32 bytes. */
export function deriveKey(password: string, salt: Buffer, iterations: number): Buffer {
  return pbkdf2Sync(password, salt, iterations, 32, "sha256");
}

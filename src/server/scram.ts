import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** What PostgreSQL's own `scram_iterations` is; RFC 7677 asks for no fewer. */
const ITERATIONS = 4096;

/**
 * What `pg_authid.rolpassword` holds for a password (RFC 5803): given to `alter role … password`, it is stored as it
 * is, so the password itself never stands in SQL text, in a log or in pg_stat_activity. For passwords of ASCII
 * characters, which SASLprep leaves as they are.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest("base64");
  const serverKey = hmac(salted, "Server Key").toString("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

import * as crypto from "node:crypto";

/** In one call, where there is one: from Node 20.12 on. */
const hash: typeof crypto.hash | undefined = crypto.hash;

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. */
export function checksum(text: string): string {
  return hash?.("sha256", text, "hex") ?? crypto.createHash("sha256").update(text, "utf8").digest("hex");
}

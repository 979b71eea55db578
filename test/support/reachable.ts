import { statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const OTHERS_MAY_PASS = 0o001;

/**
 * Whether another user can reach this checkout: not if it lies below a folder that is closed to others. Tests that run
 * a part of it as another user have nothing to run then.
 */
export function isCheckoutReachable(): boolean {
  for (let dir = fileURLToPath(new URL("../..", import.meta.url)); ; dir = dirname(dir)) {
    if ((statSync(dir).mode & OTHERS_MAY_PASS) === 0) return false;
    if (dir === dirname(dir)) return true;
  }
}

import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { Project, Target } from "./context.ts";

/**
 * The target as the role that PostgREST logs in as: by the password that is known for it, or because the address is its
 * own.
 * @throws TmDbError AUTHENTICATION_FAILED where neither is so.
 */
export function authenticatorConnection({ config }: Project, target: Target): ConnectionSpec {
  const { authenticator } = config.roles;
  if (target.authenticatorPassword !== undefined) {
    return { ...target.connection, user: authenticator, password: target.authenticatorPassword };
  }
  if (target.connection.user === authenticator) return target.connection;
  throw new TmDbError("AUTHENTICATION_FAILED", `the password of ${authenticator} is not known`, {
    hint: "set TM_DB_AUTHENTICATOR_PASSWORD; or log in as that role itself, and set TM_DB_JWT_SECRET",
  });
}

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { errorFacts } from "./error-facts.ts";

export type Tls = false | ConnectionOptions;

/**
 * What each sslmode means to libpq (https://www.postgresql.org/docs/current/libpq-ssl.html), which is not what pg makes
 * of it: the first way to try, and the second one where the mode has one. Unix sockets never use TLS.
 */
function attemptsOfMode(spec: ConnectionSpec): readonly [Tls, Tls?] {
  const unverified: Tls = { rejectUnauthorized: false };
  // Left out, on this machine: without TLS, unless that is refused, as by a tunnel's other end.
  const mode = spec.host.startsWith("/") ? "disable" : (spec.ssl ?? "allow");
  switch (mode) {
    case "disable":
      return [false];
    case "allow":
      return [false, unverified];
    case "prefer":
      return [unverified, false];
    case "require":
      // libpq: with a root certificate, `require` checks it as `verify-ca` does.
      return spec.sslRootCert === undefined ? [unverified] : [verifiedChain(spec)];
    case "verify-ca":
      return [verifiedChain(spec)];
    case "verify-full": {
      const ca = certificateAuthority(spec);
      // pg leaves `servername` out for IP addresses, and Node then checks `host`; a name is checked as a name.
      return [
        {
          rejectUnauthorized: true,
          ...(ca === undefined ? {} : { ca }),
          ...(isIP(spec.host) === 0 ? { servername: spec.host } : {}),
        },
      ];
    }
  }
}

/**
 * The first way to try, and the second one where there is one. Only a login by TLS can be bound to it.
 * @throws TmDbError USAGE, FILE_UNREADABLE for what the address says of TLS.
 */
export function tlsAttempts(spec: ConnectionSpec): readonly [Tls, Tls?] {
  const attempts = attemptsOfMode(spec);
  if (spec.channelBinding === undefined) return attempts;
  const [tls] = attempts.filter((attempt) => attempt !== undefined && attempt !== false);
  if (tls !== undefined) return [tls];
  throw new TmDbError("USAGE", "channel_binding=require needs TLS, which this address does not use", {
    hint: "add sslmode=require to the address, or leave channel_binding out",
  });
}

function verifiedChain(spec: ConnectionSpec): Tls {
  const ca = certificateAuthority(spec);
  if (ca === undefined) {
    throw new TmDbError("USAGE", `sslmode=${spec.ssl} needs the certificate authority's file`, {
      hint: "add sslrootcert=<file> to the address, or use sslmode=verify-full, which may use the public authorities",
    });
  }
  return { rejectUnauthorized: true, ca, checkServerIdentity: () => undefined };
}

/** Undefined means the public authorities that Node knows. */
function certificateAuthority(spec: ConnectionSpec): string | undefined {
  if (spec.sslRootCert === "system") return undefined;
  const file = spec.sslRootCert ?? join(homedir(), ".postgresql", "root.crt");
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (spec.sslRootCert === undefined) return undefined;
    throw new TmDbError("FILE_UNREADABLE", `cannot read the certificate authority's file ${file}`, {
      detail: errorFacts(error).message,
      hint: "check sslrootcert in the address, or PGSSLROOTCERT",
      cause: error,
    });
  }
}

export function mayTryOtherTls(error: unknown): boolean {
  // 28000: pg_hba.conf has a line for the other way only.
  return lacksTls(error) || isTlsFailure(error) || errorFacts(error).code === "28000";
}

export function lacksTls(error: unknown): boolean {
  return errorFacts(error).message === "The server does not support SSL connections";
}

export function isTlsFailure(error: unknown): boolean {
  const { code, message } = errorFacts(error);
  return (
    message === "There was an error establishing an SSL connection" ||
    (code !== undefined &&
      /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH$)/.test(code))
  );
}

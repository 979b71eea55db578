import pg from "pg";
import { type ConnectionSpec, describeConnection, EMBEDDED_SERVER } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import { type ErrorFacts, errorFacts } from "./error-facts.ts";
import { isTlsFailure, lacksTls } from "./tls.ts";

/** Why no connection could be opened, as CONNECTION_REFUSED, AUTHENTICATION_FAILED and their like, with what to do. */
export function connectionError(spec: ConnectionSpec, error: unknown): TmDbError {
  if (error instanceof TmDbError) return error;
  const facts = errorFacts(error);
  const where = describeConnection(spec);
  const isState = facts.code !== undefined && /^[0-9A-Z]{5}$/.test(facts.code) && error instanceof pg.DatabaseError;
  const common = { cause: error, ...(isState ? { sqlState: facts.code } : {}) };
  if (/^SASL: .*client password must be/.test(facts.message)) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} asks for a password, and there is none`, {
      ...common,
      hint:
        spec.source === EMBEDDED_SERVER
          ? EMBEDDED_REPAIR
          : "set PGPASSWORD, or write a line in ~/.pgpass (its mode must be 600)",
    });
  }
  if (facts.message.startsWith("SASL: ")) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} does not prove that it knows the password`, {
      ...common,
      detail: facts.message,
      hint: `check that ${spec.source} names the right server`,
    });
  }
  if (facts.message.startsWith("SASL channel binding: ")) {
    return new TmDbError("AUTHENTICATION_FAILED", `${where} does not do what channel_binding=require asks for`, {
      ...common,
      detail: facts.message,
      hint: "name the server's direct address and not that of a pooler; or leave channel_binding out, and say sslmode=verify-full",
    });
  }
  if (isState) return refusedByServer(spec, facts, common);
  if (lacksTls(error) || isTlsFailure(error)) return tlsError(spec, error, facts);
  return new TmDbError("CONNECTION_REFUSED", `no PostgreSQL answers at ${where} (${spec.source})`, {
    ...common,
    detail: plainReason(spec, facts),
    hint: addressHint(spec),
  });
}

const EMBEDDED_REPAIR = "npx tm-db up";

function refusedByServer(spec: ConnectionSpec, facts: ErrorFacts, common: { cause: unknown }): TmDbError {
  const where = describeConnection(spec);
  const isEmbedded = spec.source === EMBEDDED_SERVER;
  const detail = [facts.message, facts.detail, facts.hint].filter((line) => line !== undefined).join("\n");
  if (isHalfDropped(common.cause)) {
    return new TmDbError("CONNECTION_REFUSED", `${where} was being dropped, which did not end: its data are lost`, {
      ...common,
      detail,
      hint: "drop what is left and make it anew: npx tm-db reset",
    });
  }
  switch (facts.code) {
    case "28P01":
    case "28000":
      return new TmDbError("AUTHENTICATION_FAILED", `${where} refuses the user name or the password (${spec.source})`, {
        ...common,
        detail,
        hint: isEmbedded ? EMBEDDED_REPAIR : `check the user and the password in ${spec.source}`,
      });
    case "3D000":
      return new TmDbError(
        "DATABASE_MISSING",
        `the server has no database ${JSON.stringify(spec.database)} (${where})`,
        {
          ...common,
          hint: isEmbedded ? EMBEDDED_REPAIR : createdbCommand(spec),
        },
      );
    case "42501":
      return new TmDbError("PERMISSION_DENIED", `${spec.user} may not connect to ${where}`, {
        ...common,
        detail,
        hint: `as the database's owner: grant connect on database ${JSON.stringify(spec.database)} to ${JSON.stringify(spec.user)};`,
      });
    case "53300":
      return new TmDbError("CONNECTION_REFUSED", `${where} has no connection left`, {
        ...common,
        detail,
        hint: "close idle connections (select pid, application_name, state from pg_stat_activity), or raise max_connections",
      });
    case "57P03":
      return new TmDbError("CONNECTION_REFUSED", `${where} is starting or stopping`, {
        ...common,
        detail,
        hint: "try again in a moment",
      });
    default:
      return new TmDbError("CONNECTION_REFUSED", `${where} refuses the connection`, {
        ...common,
        detail,
        hint: addressHint(spec),
      });
  }
}

/** A database that does not accept connections at all has the same SQLSTATE, from another place. */
function isHalfDropped(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "55000" && error.routine === "InitPostgres";
}

function tlsError(spec: ConnectionSpec, error: unknown, facts: ErrorFacts): TmDbError {
  const where = describeConnection(spec);
  if (lacksTls(error)) {
    return new TmDbError("CONNECTION_REFUSED", `${where} offers no TLS, and sslmode=${spec.ssl} asks for it`, {
      cause: error,
      hint: "turn TLS on at the server, or say sslmode=prefer if the network may be trusted",
    });
  }
  return new TmDbError("CONNECTION_REFUSED", `no TLS connection with ${where} (sslmode=${spec.ssl})`, {
    cause: error,
    detail: facts.message,
    hint: "name the file of the server's certificate authority: sslrootcert=<file>",
  });
}

function plainReason(spec: ConnectionSpec, facts: ErrorFacts): string {
  switch (facts.code) {
    case "ECONNREFUSED":
      return `nothing listens on port ${spec.port} of ${spec.host}`;
    case "ENOENT":
      return `there is no socket ${spec.host}/.s.PGSQL.${spec.port}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name ${spec.host} cannot be looked up`;
    default:
      if (facts.message === "timeout expired") return "no answer in time";
      if (facts.message === "Connection terminated unexpectedly") return "the server hung up during the login";
      return facts.message;
  }
}

function addressHint(spec: ConnectionSpec): string {
  if (spec.source === EMBEDDED_SERVER) return EMBEDDED_REPAIR;
  const without = spec.source === "DATABASE_URL" ? "unset DATABASE_URL && npx tm-db up" : "npx tm-db up";
  return `check ${spec.source}; or leave it out and use the embedded server: ${without}`;
}

function createdbCommand(spec: ConnectionSpec): string {
  const words = ["createdb", "-h", spec.host, "-p", String(spec.port), "-U", spec.user, spec.database];
  return words.map(quoteForShell).join(" ");
}

/** The `source` of a connection to the server that tm-db itself started. */
export const EMBEDDED_SERVER = "the embedded server";

/** Where and as whom to connect. Built by `server/`, used by `db/`; never printed with its password. */
export interface ConnectionSpec {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** libpq's sslmode; undefined, of servers on this machine, means `allow`. */
  readonly ssl?: SslMode | undefined;
  /** Path of the certificate authority's file for `verify-ca` and `verify-full`. */
  readonly sslRootCert?: string | undefined;
  /** libpq's `channel_binding=require`: no login but one that is bound to the TLS connection. */
  readonly channelBinding?: "require" | undefined;
  /** Of scratch databases: what the search_path is at the login, if not what the server says. */
  readonly searchPath?: string | undefined;
  /** What the user said, for messages: `--database-url`, `DATABASE_URL`, `PG* variables`, `the embedded server`. */
  readonly source: string;
}

export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** `user@host:port/database`, without the password. */
export function describeConnection(spec: ConnectionSpec): string {
  return `${spec.user}@${spec.host}:${spec.port}/${spec.database}`;
}

/**
 * A URL that libpq and PostgREST accept, and that `connectionSpecFromUrl` reads back as the same connection. It holds
 * the password: only `tm-db env` may print it. Everything is percent-encoded by hand, since URLSearchParams writes a
 * space as `+`, which libpq takes for a plus sign.
 */
export function connectionUrl(spec: ConnectionSpec): string {
  const auth =
    encodeURIComponent(spec.user) + (spec.password === undefined ? "" : `:${encodeURIComponent(spec.password)}`);
  const isSocket = spec.host.startsWith("/");
  const host = spec.host.includes(":") ? `[${spec.host}]` : spec.host;
  const parameters: (readonly [string, string])[] = [];
  // A URL without a host cannot carry a port in its authority, and the port is part of the socket's file name.
  if (isSocket) parameters.push(["host", spec.host], ["port", String(spec.port)]);
  if (spec.ssl !== undefined) parameters.push(["sslmode", spec.ssl]);
  if (spec.sslRootCert !== undefined) parameters.push(["sslrootcert", spec.sslRootCert]);
  if (spec.channelBinding !== undefined) parameters.push(["channel_binding", spec.channelBinding]);
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const authority = isSocket ? `${auth}@` : `${auth}@${host}:${spec.port}`;
  return `postgres://${authority}/${encodeURIComponent(spec.database)}${query === "" ? "" : `?${query}`}`;
}

const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "::1", ""]);

/** Whether the server is on this machine, as far as its address tells. */
export function isLocal(spec: ConnectionSpec): boolean {
  return spec.host.startsWith("/") || LOCAL_HOSTS.has(spec.host);
}

import type pg from "pg";

export interface ServerVersion {
  /** As the server calls itself: `18.4`, `16.2 (Debian 16.2-1)`. */
  readonly text: string;
  readonly major: number;
}

/** What servers reported while logging in, by connection. */
const startupParameters = new WeakMap<pg.Client, Map<string, string>>();

/** What the search_path is to be in a session, if not what the server says. */
const searchPaths = new WeakMap<pg.Client, string>();

/** Keeps what the server says while logging in: from before `connect`. */
export function hearParameters(client: pg.Client, searchPath: string | undefined): void {
  if (searchPath !== undefined) searchPaths.set(client, searchPath);
  const parameters = new Map<string, string>();
  startupParameters.set(client, parameters);
  client.connection.on("parameterStatus", (status: { parameterName: string; parameterValue: string }) => {
    parameters.set(status.parameterName, status.parameterValue);
  });
}

function parametersOf(client: pg.Client): Map<string, string> {
  return startupParameters.get(client) ?? new Map<string, string>();
}

/** The version of the server behind an open connection; it came with the login and costs nothing. */
export function serverVersion(client: pg.Client): ServerVersion {
  const text = parametersOf(client).get("server_version") ?? "";
  return { text, major: Number.parseInt(text, 10) || 0 };
}

/**
 * Poolers may keep parameters to themselves, old databases speak other encodings, and what is set for a role or a database
 * changes what texts mean: only then a round trip. Poolers give each client these settings of its own.
 */
export async function settleSession(client: pg.Client): Promise<void> {
  const parameters = parametersOf(client);
  if (parameters.get("client_encoding") !== "UTF8") await client.query("set client_encoding to 'UTF8'");
  if (parameters.get("standard_conforming_strings") === "off")
    await client.query("set standard_conforming_strings to on");
  const dateStyle = parameters.get("DateStyle");
  if (dateStyle !== undefined && !dateStyle.startsWith("ISO")) await client.query("set datestyle to 'ISO'");
  const searchPath = searchPaths.get(client);
  if (searchPath !== undefined)
    await client.query("select pg_catalog.set_config('search_path', $1, false)", [searchPath]);
  if (!parameters.has("server_version")) {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    parameters.set("server_version", rows[0]?.server_version ?? "");
  }
}

/**
 * What is set for a role or a database is meant for applications: 200 ms for each statement, or that no policy may filter.
 * A session of tm-db goes by none of it, as one of pg_dump. Nothing is set in a session of a pooler, which somebody else
 * gets next: its process is another one than the login was told of.
 */
export async function leaveOddSettings(client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number | null };
  if (processID === null) return;
  await client.query(ODD_SETTINGS, [processID]);
}

/** Makes a session what it was after its login, when SQL that ran in it may have changed a setting or the role. */
export async function resetSession(client: pg.Client): Promise<void> {
  await client.query("reset session authorization; reset role; reset all");
  await settleSession(client);
  await leaveOddSettings(client);
}

const ODD_SETTINGS = `
  select pg_catalog.set_config(s.name, s.value, false)
  from (
    values
      ('statement_timeout', '0'),
      ('transaction_timeout', '0'),
      ('idle_in_transaction_session_timeout', '0'),
      ('idle_session_timeout', '0'),
      ('default_transaction_read_only', 'off'),
      ('row_security', 'on'),
      ('quote_all_identifiers', 'off')
  ) as s (name, value)
  where pg_catalog.pg_backend_pid() = $1
    and pg_catalog.current_setting(s.name, true) <> s.value`;

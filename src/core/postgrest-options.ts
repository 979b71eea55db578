/** An option of PostgREST, as its configuration page lists it. */
export interface PostgrestOption {
  readonly type: "text" | "number" | "boolean";
  /** Whether PostgREST also reads it from the database (`dbSettingsNames`, `src/PostgREST/Config/Database.hs`). */
  readonly inDatabase: boolean;
  /** The version that brought it, if it is newer than 11. */
  readonly since?: string;
  /** The last version that knows it. */
  readonly until?: string;
}

export type PostgrestValue = string | number | boolean;

const text = { type: "text", inDatabase: false } as const;
const number = { type: "number", inDatabase: false } as const;
const boolean = { type: "boolean", inDatabase: false } as const;

/** The major versions of PostgREST whose options and answers tm-db knows. */
export const POSTGREST_MAJORS = { oldest: 11, newest: 16 } as const;

/**
 * The options of those versions that a project may set under `postgrest` in `tm-db.config.json`. Those that other
 * settings decide, and those that are secrets, are in `DERIVED_OPTIONS`. Left out are `log-query`, which was a text in 13 and
 * is a yes or no since 14, and the Unix socket of the admin server, whom `tm-db postgrest run` asks by TCP. PostgREST passes
 * over options that it does not know.
 */
export const POSTGREST_OPTIONS: Readonly<Record<string, PostgrestOption>> = {
  "admin-server-host": { ...text, since: "13.0" },
  "admin-server-port": number,
  "client-error-verbosity": { ...text, inDatabase: true, since: "16.0" },
  "db-aggregates-enabled": { ...boolean, inDatabase: true, since: "12.0" },
  "db-channel-enabled": boolean,
  "db-config": boolean,
  "db-hoisted-tx-settings": { ...text, inDatabase: true, since: "12.2" },
  "db-max-rows": { ...number, inDatabase: true },
  "db-plan-enabled": { ...boolean, inDatabase: true },
  "db-pool": number,
  "db-pool-acquisition-timeout": number,
  "db-pool-automatic-recovery": { ...boolean, since: "12.0" },
  "db-pool-max-idletime": { ...number, since: "11.1" },
  "db-pool-max-lifetime": number,
  "db-pre-config": { ...text, inDatabase: true, since: "11.1" },
  "db-prepared-statements": { ...boolean, inDatabase: true },
  "db-root-spec": { ...text, inDatabase: true },
  "db-tx-end": { ...text, inDatabase: true },
  "jwt-aud": { ...text, inDatabase: true },
  "jwt-cache-max-entries": { ...number, since: "14.0" },
  "jwt-cache-max-lifetime": { ...number, inDatabase: true, since: "12.0", until: "13" },
  "jwt-role-claim-key": { ...text, inDatabase: true },
  "log-level": text,
  "openapi-mode": { ...text, inDatabase: true },
  "openapi-security-active": { ...boolean, inDatabase: true },
  "openapi-server-proxy-uri": { ...text, inDatabase: true },
  "server-cors-allowed-origins": { ...text, inDatabase: true, since: "12.0" },
  "server-host": text,
  "server-port": number,
  "server-reuseport": { ...boolean, since: "16.0" },
  "server-timing-enabled": { ...boolean, inDatabase: true, since: "12.0" },
  "server-trace-header": { ...text, inDatabase: true },
  "server-unix-socket": text,
  "server-unix-socket-mode": text,
  "url-use-legacy-target-names": { ...boolean, inDatabase: true, since: "16.0" },
};

/** Options that tm-db fills in, and what decides them. */
export const DERIVED_OPTIONS: Readonly<Record<string, { readonly inDatabase: boolean; readonly from: string }>> = {
  "db-uri": { inDatabase: false, from: "the connection and TM_DB_AUTHENTICATOR_PASSWORD" },
  "db-schemas": { inDatabase: true, from: "exposedSchemas" },
  "db-extra-search-path": { inDatabase: true, from: "extraSearchPath" },
  "db-anon-role": { inDatabase: true, from: "roles.anonymous" },
  "db-pre-request": { inDatabase: true, from: "preRequest" },
  "db-channel": { inDatabase: false, from: "tm-db, which notifies PostgREST on pgrst" },
  // PostgREST would read it there, but whoever may log in can read the settings of a role.
  "jwt-secret": { inDatabase: false, from: "jwtSecret" },
  "jwt-secret-is-base64": { inDatabase: false, from: "jwtSecret, which is text" },
};

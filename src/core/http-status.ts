/** What decides about the status of a failed request. */
export interface FailedRequest {
  readonly sqlState: string;
  readonly message: string;
  /** PostgreSQL's DETAIL; it holds the status for SQLSTATE `PGRST`. */
  readonly detail?: string | undefined;
  /** Whether the request ran as PostgREST's `db-anon-role`. */
  readonly anonymous: boolean;
}

/**
 * The HTTP status that PostgREST answers with when PostgreSQL refuses a request: `mapSQLtoHTTP` of its
 * `src/PostgREST/Error.hs` (published as https://docs.postgrest.org/en/stable/references/errors.html). Whole codes come
 * before their classes there, and what is in neither list is 400.
 */
export function httpStatus(failed: FailedRequest): number {
  const { sqlState, message } = failed;
  switch (sqlState) {
    case "21000":
      return message.endsWith("requires a WHERE clause") ? 400 : 500;
    case "22023":
      return message.startsWith("role") && message.endsWith("does not exist") ? 401 : 400;
    case "42501":
      return failed.anonymous ? 401 : 403;
    case "42883":
      return message.startsWith("function xmlagg(") ? 406 : 404;
    case "PGRST":
      return statusOfDetail(failed.detail);
  }
  if (sqlState.startsWith("PT")) return /^PT\d{3}$/.test(sqlState) ? Number(sqlState.slice(2)) : 500;
  return BY_CODE.get(sqlState) ?? BY_CLASS.get(sqlState.slice(0, 2)) ?? 400;
}

const BY_CODE: ReadonlyMap<string, number> = new Map([
  ["23503", 409],
  ["23505", 409],
  ["25006", 405],
  ["42P01", 404],
  ["42P17", 500],
  ["53400", 500],
  ["57P01", 503],
  ["P0001", 400],
]);

const BY_CLASS: ReadonlyMap<string, number> = new Map([
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["53", 503],
  ["54", 500],
  ["55", 500],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["P0", 500],
  ["XX", 500],
]);

/** `raise sqlstate 'PGRST'` says the status in its DETAIL, as JSON. */
function statusOfDetail(detail: string | undefined): number {
  try {
    const parsed: unknown = JSON.parse(detail ?? "");
    const status = typeof parsed === "object" && parsed !== null && "status" in parsed ? parsed.status : undefined;
    return typeof status === "number" ? status : 500;
  } catch {
    return 500;
  }
}

import type { DatabaseClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";
import { allOr, NEWER_TM_DB, type Verdict, warning } from "./verdict.ts";

const NEWEST_TESTED = 18;

/** The server's version, and whether it takes writes. Older than 15 nothing connects to. */
export async function checkServer(client: DatabaseClient): Promise<readonly Verdict[]> {
  const { rows } = await client.query<{ standby: boolean }>("select pg_catalog.pg_is_in_recovery() as standby");
  return judgeServer({ ...serverVersion(client), isStandby: rows[0]?.standby === true });
}

export function judgeServer(server: {
  readonly text: string;
  readonly major: number;
  readonly isStandby: boolean;
}): readonly Verdict[] {
  const newer =
    server.major > NEWEST_TESTED
      ? [warning(`PostgreSQL ${server.text} is newer than what tm-db is tested on (15 to 18)`, NEWER_TM_DB)]
      : [];
  const standby = server.isStandby
    ? [
        warning(
          "the server is a standby: it can be read, and nothing can be deployed to it",
          "name the primary: --database-url postgres://…",
        ),
      ]
    : [];
  return allOr([...newer, ...standby], `PostgreSQL ${server.text}`);
}

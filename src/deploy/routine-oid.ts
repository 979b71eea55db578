import type { DatabaseClient } from "../db/client.ts";
import { serverVersion } from "../db/session.ts";

/**
 * SQL in which `routine_oid(name)` is the oid of the routine that a column names, with its argument types; null where there is
 * none. Before version 16 `to_regprocedure` fails where it does not know one of the types, so those are looked for first.
 */
export function withRoutines(client: DatabaseClient, sql: string): string {
  const isLenient = serverVersion(client).major >= 16;
  return sql.replaceAll(/\broutine_oid\(([\w.]+)\)/g, (_, name: string) =>
    isLenient ? `to_regprocedure(${name})::oid` : guarded(name),
  );
}

function guarded(name: string): string {
  return `case
    when not exists (
      select from regexp_matches(substring(${name} from '${ARGUMENTS}'), '(${ARGUMENT})', 'g') as a where to_regtype(btrim(a[1])) is null
    )
      then to_regprocedure(${name})::oid
  end`;
}

const NAME = `(?:"(?:[^"]|"")*"|[^".(]+)`;
const ARGUMENTS = `^${NAME}(?:\\.${NAME})?\\((.*)\\)$`;
const ARGUMENT = `(?:"(?:[^"]|"")*"|[^",])+`;

import { quoteIdent } from "../core/quote-ident.ts";
import type { TestFileProblem } from "../core/test-result.ts";
import type { DatabaseClient } from "../db/client.ts";
import { PGTAP_SCHEMA } from "./pgtap.ts";

const SQL_STATE = "TMKIL";
const SCHEMA = quoteIdent(PGTAP_SCHEMA);
/** What pgTAP's own `ok` is called then. */
const ORIGINAL = "_tm_db_ok";

/**
 * Lets the first test that fails end its file with an error, in one clone: whoever asks only whether any test fails need
 * not wait for the others. Every assertion of pgTAP goes through `ok(boolean, text)`; what does not count as failed, as the parser of
 * TAP has it, does not here: the first # that is not escaped begins a directive.
 */
export async function stopAtFailure(client: DatabaseClient): Promise<void> {
  await client.query(
    `alter function ${SCHEMA}.ok(boolean, text) rename to ${ORIGINAL};
     create function ${SCHEMA}.ok(boolean, text) returns text language plpgsql as $ok$
     declare
       line constant text := ${SCHEMA}.${ORIGINAL}($1, $2);
       directive constant text := substring(replace(split_part(line, E'\\n', 1), '\\\\', ' ') from '\\s#(.*)');
     begin
       if line like 'not ok%' and directive ~* '^\\s*(todo|skip)' is not true then
         raise exception using errcode = '${SQL_STATE}', message = line;
       end if;
       return line;
     end
     $ok$;
     grant execute on function ${SCHEMA}.ok(boolean, text) to public;`,
  );
}

/** The title of the test that ended a file, if that is how it ended. */
export function titleOfFailure({ sqlState, message }: TestFileProblem): string | undefined {
  return sqlState === SQL_STATE
    ? (/^not ok \d+(?: - (.*))?/.exec(message)?.[1] ?? "a test without a title")
    : undefined;
}

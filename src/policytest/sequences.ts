import type { DatabaseClient } from "../db/client.ts";
import { isDatabaseError } from "../db/run-script.ts";

/** Where the sequences of a database stand, by oid, as JSON. */
export type SequenceState = string;

/** Reads where sequences stand: they are the one thing of a database that no rollback undoes. */
export async function readSequences(client: DatabaseClient): Promise<SequenceState> {
  const { rows } = await client.query<{ state: string }>(
    `select coalesce(jsonb_agg(jsonb_build_object('id', s.seqrelid, 'last', pg_catalog.pg_sequence_last_value(s.seqrelid))), '[]')::text as state
     from pg_catalog.pg_sequence as s
     join pg_catalog.pg_class as c on c.oid = s.seqrelid and c.relpersistence <> 't'
     where pg_catalog.has_sequence_privilege(s.seqrelid, 'usage')`,
  );
  return rows[0]?.state ?? "[]";
}

/** Puts sequences back. Returns whether all of them stand as they did. */
export async function restoreSequences(client: DatabaseClient, state: SequenceState): Promise<boolean> {
  try {
    await client.query(
      `select pg_catalog.setval(s.seqrelid, coalesce(before.last, s.seqstart), before.last is not null)
       from jsonb_to_recordset($1::jsonb) as before (id oid, last bigint)
       join pg_catalog.pg_sequence as s on s.seqrelid = before.id
       where pg_catalog.pg_sequence_last_value(s.seqrelid) is distinct from before.last`,
      [state],
    );
    return true;
  } catch (error) {
    if (isDatabaseError(error)) return false;
    throw error;
  }
}

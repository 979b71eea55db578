import type { SqlSource } from "./run-sql.ts";

/** Where a statement may begin that changes a setting or the role; matches more than that, which costs little. */
const MAY_SET = /(^|;|\$|\*\/|\b(begin|then|else|loop)\b)\s*(set|reset|discard)\b|\bset_config\b/im;

/**
 * A migration whose settings end with it: `set search_path`, `set role` and their like would else reach the migrations and files
 * behind it, but only where they are deployed together with it.
 */
export function withOwnSettings(source: SqlSource): SqlSource {
  const { part, insertions = [] } = source;
  if (!MAY_SET.test(part.sql)) return source;
  const moved = insertions.map(({ at, length }) => ({ at: at + BEFORE.length, length }));
  return {
    ...source,
    part: { ...part, sql: `${BEFORE}${part.sql}${AFTER}` },
    insertions: [{ at: BEFORE.length, length: BEFORE.length }, ...moved],
  };
}

/** Says whether session settings have to be set again after SQL that ran outside of a transaction. */
export function maySet(sql: string): boolean {
  return MAY_SET.test(sql);
}

/** What is set now. Settings of applications, whose names have a dot, are theirs. */
const BEFORE = `select pg_catalog.set_config('tm_db.settings', pg_catalog.json_object_agg(s.name, s.setting)::pg_catalog.text, true)
from pg_catalog.pg_settings as s
where s.context operator(pg_catalog.=) any (array['user', 'superuser']);
`;

/** Both levels: for the session what it had at its start, and for the transaction what was set in it. */
const AFTER = `
;
reset session authorization;
reset role;
set local search_path = pg_catalog;
select set_config(s.name, s.reset_val, false), set_config(s.name, k.value, true)
from json_each_text(current_setting('tm_db.settings')::json) as k
join pg_settings as s on s.name = k.key and s.setting is distinct from k.value`;

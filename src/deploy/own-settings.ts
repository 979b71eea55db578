import { maskSql } from "../core/mask-sql.ts";
import type { SqlSource } from "./run-sql.ts";

/** Where none of these stands, not even in a text, nothing is set. */
const SETTING_WORD = /\b(set|reset|discard|set_config)\b/i;

/** `set local lock_timeout = …`, as most migrations have it. */
const PLAIN = /^set\s+(?:(?:local|session)\s+)?([a-z_]+)\s*(?:=|to\b)/i;
/** Placeholders, whose names have a dot, belong to applications. */
const OF_APPLICATION = /^set\s+(?:(?:local|session)\s+)?[a-z_]\w*\.[\w.]+\s*(?:=|to\b)/i;

/** The settings that SQL changes, by name; `any` where only running it tells. */
export function settingsOf(sql: string): readonly string[] | "any" {
  if (!SETTING_WORD.test(sql)) return [];
  const visible = maskSql(sql, { comments: true });
  if (/\bset_config\b/i.test(visible)) return "any";
  const names = new Set<string>();
  for (const statement of visible.split(";").map((piece) => piece.trim())) {
    const name = PLAIN.exec(statement)?.[1];
    if (name !== undefined) names.add(name.toLowerCase());
    // What a block does is a text here.
    else if (/^(set|reset|discard|do)\b/i.test(statement) && !OF_APPLICATION.test(statement)) return "any";
  }
  return [...names];
}

/**
 * A migration whose settings end with it: `set search_path`, `set role` and their like would else reach the migrations and files
 * behind it, but only where they are deployed together with it.
 */
export function withOwnSettings(source: SqlSource): SqlSource {
  const { part, insertions = [] } = source;
  const names = settingsOf(part.sql);
  if (names.length === 0) return source;
  const [before, after] = names === "any" ? [BEFORE_ANY, AFTER_ANY] : [beforeThese(names), afterThese(names)];
  const moved = insertions.map(({ at, length }) => ({ at: at + before.length, length }));
  return {
    ...source,
    part: { ...part, sql: `${before}${part.sql}${after}` },
    insertions: [{ at: before.length, length: before.length }, ...moved],
  };
}

/** What is set is kept in a setting of its own, for this transaction. */
const KEPT = "tm_db.settings";
const RESET_ROLE = "\n;\nreset session authorization;\nreset role;\n";

// Both levels come back: for the session what it had at its login, and for the transaction what was set in it. A function that
// is called and changes a setting is not seen.

/** Reading all settings costs PostgreSQL a millisecond, and these are most often one. */
function beforeThese(names: readonly string[]): string {
  const values = names.map((name) => `'${name}', pg_catalog.current_setting('${name}', true)`).join(", ");
  return `select pg_catalog.set_config('${KEPT}', pg_catalog.json_build_object(${values})::pg_catalog.text, true);\n`;
}

function afterThese(names: readonly string[]): string {
  const kept = `pg_catalog.current_setting('${KEPT}')::pg_catalog.json`;
  const again = names.map(
    (name) => `pg_catalog.set_config('${name}', ${kept} operator(pg_catalog.->>) '${name}', true)`,
  );
  return `${RESET_ROLE}${names.map((name) => `reset ${name};\n`).join("")}select ${again.join(", ")}`;
}

const BEFORE_ANY = `select pg_catalog.set_config('${KEPT}', pg_catalog.json_object_agg(s.name, s.setting)::pg_catalog.text, true)
from pg_catalog.pg_settings as s
where s.context operator(pg_catalog.=) any (array['user', 'superuser']);
`;

const AFTER_ANY = `${RESET_ROLE}set local search_path = pg_catalog;
select set_config(s.name, s.reset_val, false), set_config(s.name, k.value, true)
from json_each_text(current_setting('${KEPT}')::json) as k
join pg_settings as s on s.name = k.key and s.setting is distinct from k.value`;

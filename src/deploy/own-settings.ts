import { maskSql } from "../core/mask-sql.ts";
import { quoteLiteral } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { SqlSource } from "./run-sql.ts";

/** Where none of these stands, not even in a text, nothing is set. */
const SETTING_WORD = /\b(set|reset|discard|set_config)\b/i;

/** `set local lock_timeout = …`, as most migrations have it. */
const PLAIN = /^set\s+(?:(?:local|session)\s+)?([a-z_]+)\s*(?:=|to\b)/i;
/** Placeholders, whose names have a dot, belong to applications. */
const OF_APPLICATION = /^set\s+(?:(?:local|session)\s+)?[a-z_]\w*\.[\w.]+\s*(?:=|to\b)/i;

/** Where a statement may begin that sets something, be it a text that is executed; matches more than that. */
const IN_BLOCK = /(^|[;$'(]|\*\/|\b(begin|then|else|loop)\b)\s*(set|reset|discard)\b|\bset_config\b/im;

/** What cannot be set again within a transaction, and changes the meaning of no statement. */
const STAYS = ["seed", "temp_buffers", "transaction_deferrable", "transaction_isolation", "transaction_read_only"];

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
    else if (/^do\b/i.test(statement) && IN_BLOCK.test(sql)) return "any";
    else if (/^(set|reset|discard)\b/i.test(statement) && !OF_APPLICATION.test(statement)) return "any";
  }
  return [...names].filter((name) => !STAYS.includes(name));
}

/** All settings of a session, as JSON. */
export async function readSettings(client: DatabaseClient): Promise<string> {
  const { rows } = await client.query<{ settings: string }>(
    `select pg_catalog.json_object_agg(s.name, s.setting)::pg_catalog.text as settings
     from pg_catalog.pg_settings as s
     where s.context operator(pg_catalog.=) any (array['user', 'superuser'])
       and s.name operator(pg_catalog.<>) all ($1)`,
    [STAYS],
  );
  return rows[0]?.settings ?? "{}";
}

/** What runs before and after SQL so that it ends as if it were deployed alone. */
export interface MigrationFrame {
  readonly before: string;
  readonly after: string;
}

/**
 * `set search_path`, `set role` and their like, temporary tables, and the checks of deferred constraints would else reach what
 * runs behind it, but only where both are deployed together. `settings` are those of before, and `mayDefer` says whether there
 * may be such constraints. Undefined where there is nothing of it. A function that is called and changes a setting is not seen.
 */
export function migrationFrame(
  sql: string,
  { settings, mayDefer }: { readonly settings: string; readonly mayDefer: boolean },
): MigrationFrame | undefined {
  const names = settingsOf(sql);
  const ofSettings =
    names === "any" ? { before: "", after: afterAny(settings) } : names.length > 0 ? theseFrame(names) : undefined;
  const after = [
    // A role that it has set may not see all schemas.
    ...(mayDefer && CHANGES_ROWS.test(sql) ? [`${names.length > 0 ? RESET_ROLE : ""}${CHECK_DEFERRED}`] : []),
    ...(makesTemporary(sql) ? [DISCARD_TEMPORARY] : []),
    ...(ofSettings === undefined ? [] : [ofSettings.after]),
  ];
  return after.length === 0 ? undefined : { before: ofSettings?.before ?? "", after: after.join(";\n") };
}

/** A migration of which that ends with it. */
export function framed(source: SqlSource, given: Parameters<typeof migrationFrame>[1]): SqlSource {
  const { part, insertions = [] } = source;
  const frame = migrationFrame(part.sql, given);
  if (frame === undefined) return source;
  const { length } = frame.before;
  const moved = insertions.map((insertion) => ({ ...insertion, at: insertion.at + length }));
  return {
    ...source,
    part: { ...part, sql: `${frame.before}${part.sql}\n;\n${frame.after}` },
    insertions: [...(length === 0 ? [] : [{ at: length, length }]), ...moved],
    end: length + part.sql.length,
  };
}

/** Whether some migration says `deferrable`: to look for such constraints after each of the others would cost more than it is worth. */
export function mayDefer(migrations: readonly { readonly text: string }[]): boolean {
  return migrations.some(({ text }) => /\bdeferr/i.test(text));
}

/** Where a statement may begin that changes rows, be it in a function that it calls; matches more than that. */
const CHANGES_ROWS = /(^|;|\*\/)\s*(insert|update|delete|merge|with|select|call|do|execute)\b/im;

/** Whether SQL may make something temporary. */
export function makesTemporary(sql: string): boolean {
  return /\btemp(orary)?\b|\bpg_temp\b/i.test(sql);
}

/** A cursor may be on one of them. */
export const DISCARD_TEMPORARY = "close all;\ndiscard temp";

/** Else nothing may alter those tables, and what is wrong is found at the commit, where nobody knows whose it is. */
const CHECK_DEFERRED = `do $tm_db$
declare
  constraints record;
begin
  select
    pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') as deferrable,
    pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') filter (where c.condeferred) as deferred
  into constraints
  from pg_catalog.pg_constraint as c
  join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.connamespace
  where c.condeferrable
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and (not pg_catalog.pg_is_other_temp_schema(n.oid))
    -- What stands for another one too, which is not deferrable, cannot be named.
    and not exists (
      select
      from pg_catalog.pg_constraint as o
      where o.conname operator(pg_catalog.=) c.conname
        and o.connamespace operator(pg_catalog.=) c.connamespace
        and not o.condeferrable
    );
  if constraints.deferrable is not null then
    execute pg_catalog.format('set constraints %s immediate', constraints.deferrable);
  end if;
  if constraints.deferred is not null then
    execute pg_catalog.format('set constraints %s deferred', constraints.deferred);
  end if;
end
$tm_db$`;

const RESET_ROLE = "reset session authorization;\nreset role;\n";

// Both levels come back: for the session what it had at its login, and for the transaction what was set in it.

/** Reading all settings costs PostgreSQL a millisecond, and these are most often one: it is kept in a setting of its own. */
function theseFrame(names: readonly string[]): MigrationFrame {
  const values = names.map((name) => `'${name}', pg_catalog.current_setting('${name}', true)`).join(", ");
  const kept = "pg_catalog.current_setting('tm_db.settings')::pg_catalog.json";
  const again = names.map(
    (name) => `pg_catalog.set_config('${name}', ${kept} operator(pg_catalog.->>) '${name}', true)`,
  );
  return {
    before: `select pg_catalog.set_config('tm_db.settings', pg_catalog.json_build_object(${values})::pg_catalog.text, true);\n`,
    after: `${RESET_ROLE}${names.map((name) => `reset ${name};\n`).join("")}select ${again.join(", ")}`,
  };
}

function afterAny(settings: string): string {
  return `${RESET_ROLE}set local search_path = pg_catalog;
select set_config(s.name, s.reset_val, false), set_config(s.name, k.value, true)
from json_each_text(${quoteLiteral(settings)}::json) as k
join pg_settings as s on s.name = k.key and s.setting is distinct from k.value`;
}

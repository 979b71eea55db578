import { maskSql } from "../core/mask-sql.ts";
import type { SourceFile } from "../core/project-files.ts";

/** A stretch of a file's text. */
export interface SqlPart {
  readonly sql: string;
  /** Where it begins in the file, in characters. */
  readonly offset: number;
}

export interface MigrationSql {
  readonly up: SqlPart;
  /** Undefined where the file has no down part: there is no way back. */
  readonly down: SqlPart | undefined;
}

/**
 * Splits a SQL migration at its `-- Up Migration` and `-- Down Migration` lines, as node-pg-migrate's `getActions` does
 * (sqlMigration.ts), except that a marker inside a string, a quoted name or a function body is none.
 */
export function splitMigration(file: Pick<SourceFile, "text">): MigrationSql {
  const visible = maskSql(file.text, { comments: false });
  const upAt = visible.search(marker("up"));
  const downAt = visible.search(marker("down"));
  const part = (from: number, to: number | undefined): SqlPart => ({ sql: file.text.slice(from, to), offset: from });
  const up = upAt >= 0 ? part(upAt, downAt > upAt ? downAt : undefined) : part(0, downAt >= 0 ? downAt : undefined);
  const down = downAt >= 0 ? part(downAt, upAt > downAt ? upAt : undefined) : undefined;
  return { up, down };
}

function marker(direction: "up" | "down"): RegExp {
  return new RegExp(`^\\s*--[\\s-]*${direction}\\s+migration`, "im");
}

/** A text in which only one part is left, at its place: everything else is blank, and no line moves. */
export function onlyPart(text: string, part: SqlPart): string {
  const blank = (other: string): string => other.replaceAll(/[^\n]/g, " ");
  const end = part.offset + part.sql.length;
  return blank(text.slice(0, part.offset)) + part.sql + blank(text.slice(end));
}

/** Where none of these stands anywhere, not even in a text, there is nothing to look for. */
const TRANSACTION_WORD = /\b(begin|commit|rollback|abort|end|start|prepare)\b/i;

/**
 * Finds a statement that would end or begin a transaction, and so tear the deployment apart. Returns where it begins,
 * in characters, or undefined.
 */
export function findTransactionControl(sql: string): number | undefined {
  if (!TRANSACTION_WORD.test(sql)) return undefined;
  const visible = maskSql(sql, { comments: true });
  let inAtomicBody = false;
  let at = 0;
  for (const piece of visible.split(";")) {
    const start = at + (/\S/.exec(piece)?.index ?? 0);
    const words = piece.trim().toLowerCase();
    if (inAtomicBody) inAtomicBody = !/^end\b/.test(words);
    else if (/\bbegin\s+atomic\b/.test(words)) inAtomicBody = !/\bbegin\s+atomic\s+end\b/.test(words);
    else if (/^(begin|commit|rollback|abort|end|start\s+transaction|prepare\s+transaction)\b/.test(words)) return start;
    at += piece.length + 1;
  }
  return undefined;
}

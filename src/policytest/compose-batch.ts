import type { SourceLocation } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { SourceFile } from "../core/project-files.ts";
import type { BatchOutcome } from "../db/run-batch.ts";
import {
  type Origin,
  type Piece,
  readScript,
  type ScriptOptions,
  type ScriptParts,
  type ScriptStatement,
} from "./read-script.ts";

/** A script as one message to PostgreSQL, and the way back from it to the files. */
export interface Batch {
  readonly sql: string;
  readonly statements: readonly BatchStatement[];
  /** Whether `finish()` or `runtests()` is called somewhere. */
  readonly finishes: boolean;
  /** The place in a file of a position in `sql`, in characters from 0. */
  locate(position: number): SourceLocation;
  /** The part of `sql` before the statement that holds a position. */
  before(position: number): string;
}

export interface BatchStatement {
  /** Where it begins in `sql`. */
  readonly start: number;
  readonly origin: Origin;
  /** Lines of `\echo` that come before its rows. */
  readonly echoes: readonly string[];
  /** `touched`: asks for what the assertions reached. `frame`: what tm-db itself put there. */
  readonly role: "test" | "touched" | "frame";
}

/** What the assertions of the transaction reached: role, command and oid of the table. */
const TOUCHED = "select t.role_name, t.command, t.relation::oid from tests.touched() as t";
const SAVEPOINT = "tm_db_test";
/** Tests are counted by a sequence, which no rollback takes back. In a session without pgTAP's notes it does nothing. */
const COUNT_FROM_ONE = `select pg_catalog.setval(c.oid, 1, false) from pg_catalog.pg_class as c where c.oid = pg_catalog.to_regclass('pg_temp.__tresults___numb_seq')`;

/** What a rollback leaves in a session, after one that ends what an error has kept open. */
export const CLEAN_UP: readonly string[] = [
  "rollback",
  COUNT_FROM_ONE,
  "deallocate all",
  "discard sequences",
  "unlisten *",
  "select pg_catalog.pg_advisory_unlock_all()",
];

/**
 * Puts a script into one transaction. What it says of transactions itself keeps its meaning inside of that one: its
 * `begin … rollback` becomes the whole, and where it has several, each is a savepoint.
 * @throws TmDbError TEST_FILE_INVALID with every line that cannot be followed.
 */
export function composeBatch(file: SourceFile, options: ScriptOptions): Batch {
  return new BatchWriter(options.end).write(file, readScript(file, options));
}

/** Where in the files the statement stands that PostgreSQL refused. */
export function placeOfError(batch: Batch, { error, rows }: BatchOutcome): SourceLocation | undefined {
  if (error?.position !== undefined) return batch.locate(Number(error.position) - 1);
  return placeOfStatement(batch, rows.length);
}

/** Where a statement of a batch begins in the files. */
export function placeOfStatement(batch: Batch, index: number): SourceLocation | undefined {
  const origin = batch.statements[index]?.origin;
  return origin === undefined ? undefined : locate(origin.file.path, origin.file.text, origin.offset);
}

/**
 * Parts a batch that is rolled back after its `begin`, so that something else can be done in the same transaction before
 * the file runs, and be undone with it.
 */
export function splitBegin(batch: Batch): { readonly begin: string; readonly rest: Batch } {
  const [, ...statements] = batch.statements;
  const at = statements[0]?.start ?? batch.sql.length;
  const skipped = [...batch.sql.slice(0, at)].length;
  return {
    begin: batch.sql.slice(0, at),
    rest: {
      sql: batch.sql.slice(at),
      statements: statements.map((statement) => ({ ...statement, start: statement.start - at })),
      finishes: batch.finishes,
      locate: (position) => batch.locate(position + skipped),
      // Nothing can be run again once the transaction that was begun elsewhere has ended.
      before: () => "",
    },
  };
}

class BatchWriter {
  readonly #end: ScriptOptions["end"];
  readonly #pieces: (Piece & { readonly at: number })[] = [];
  readonly #statements: BatchStatement[] = [];
  readonly #texts: string[] = [];
  #length = 0;

  constructor(end: ScriptOptions["end"]) {
    this.#end = end;
  }

  write(file: SourceFile, { statements, lastEchoes, finishes }: ScriptParts): Batch {
    const first = statements[0]?.standing.kind === "begin" ? statements[0] : undefined;
    const rest = first === undefined ? statements : statements.slice(1);
    const start = { file, offset: 0 };
    // The file's own words, which may name an isolation level.
    if (first === undefined) this.#put(start, "begin");
    else this.#copy(first, "frame");
    if (hasOneTransaction(rest)) this.#writeSimple(rest);
    else this.#writeSeveral(rest, first?.origin);
    const end = { file, offset: file.text.length };
    if (this.#end === "commit") this.#put(end, "commit");
    else {
      this.#put(end, TOUCHED, { role: "touched", echoes: lastEchoes });
      for (const statement of CLEAN_UP) this.#put(end, statement);
    }
    return this.#batch(finishes);
  }

  #writeSimple(statements: readonly ScriptStatement[]): void {
    for (const statement of statements) {
      if (statement.standing.kind === "plain") this.#copy(statement, "test");
      else if (statement.echoes.length > 0) this.#put(statement.origin, "select", { echoes: statement.echoes });
    }
  }

  /** Every transaction of the file is a savepoint of the one around them all. */
  #writeSeveral(statements: readonly ScriptStatement[], opened: Origin | undefined): void {
    let isOpen = opened !== undefined;
    if (opened !== undefined) this.#put(opened, `savepoint ${SAVEPOINT}`);
    for (const statement of statements) {
      const { standing, origin, echoes } = statement;
      if (standing.kind === "begin" && !isOpen) {
        this.#put(origin, `savepoint ${SAVEPOINT}`, { echoes });
        isOpen = true;
      } else if (standing.kind === "rollback" && isOpen) {
        this.#put(origin, TOUCHED, { role: "touched", echoes });
        this.#put(origin, `rollback to savepoint ${SAVEPOINT}`);
        this.#put(origin, `release savepoint ${SAVEPOINT}`);
        this.#put(origin, COUNT_FROM_ONE);
        isOpen = false;
      } else if (standing.kind === "plain") this.#copy(statement, "test");
    }
  }

  #copy({ pieces, origin, echoes }: ScriptStatement, role: BatchStatement["role"]): void {
    this.#statements.push({ start: this.#length, origin, echoes, role });
    for (const piece of pieces) {
      this.#pieces.push({ ...piece, at: this.#length });
      this.#append(piece.text);
    }
    // On a line of its own: the statement may end with a comment.
    this.#append("\n;\n");
  }

  #put(
    origin: Origin,
    sql: string,
    more: { readonly role?: "touched"; readonly echoes?: readonly string[] } = {},
  ): void {
    this.#statements.push({ start: this.#length, origin, echoes: more.echoes ?? [], role: more.role ?? "frame" });
    this.#pieces.push({ ...origin, text: sql, isVerbatim: false, at: this.#length });
    this.#append(`${sql};\n`);
  }

  #append(text: string): void {
    this.#texts.push(text);
    this.#length += text.length;
  }

  #batch(finishes: boolean): Batch {
    const pieces = this.#pieces;
    const sql = this.#texts.join("");
    return {
      sql,
      statements: this.#statements,
      finishes,
      before: (position) => {
        const at = codeUnits(sql, position);
        return sql.slice(0, this.#statements.findLast(({ start }) => start <= at)?.start ?? 0);
      },
      locate: (position) => {
        const at = codeUnits(sql, position);
        const piece = pieces.findLast((candidate) => candidate.at <= at) ?? pieces[0];
        if (piece === undefined) return locate("", "", 0);
        const within = piece.isVerbatim ? Math.min(at - piece.at, piece.text.length) : 0;
        return locate(piece.file.path, piece.file.text, piece.offset + within);
      },
    };
  }
}

/** Whether nothing follows the file's `rollback`, so that it is the whole transaction's. */
function hasOneTransaction(statements: readonly ScriptStatement[]): boolean {
  const marks = statements.flatMap(({ standing }, index) => (standing.kind === "plain" ? [] : [index]));
  return marks.length === 0 || (marks.length === 1 && marks[0] === statements.length - 1);
}

/** PostgreSQL counts characters, JavaScript units of UTF-16. */
function codeUnits(text: string, characters: number): number {
  let units = 0;
  for (let count = 0; count < characters && units < text.length; count += 1) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return units;
}

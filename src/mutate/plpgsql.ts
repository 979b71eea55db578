import { maskSql } from "../core/mask-sql.ts";
import { parsePlpgsql, type Tree } from "./sql-tree.ts";

/** A part of a PL/pgSQL body, as character offsets in it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** SQL in a PL/pgSQL body. */
export interface QuerySpan extends Span {
  /** An expression rather than a statement. */
  readonly isExpression: boolean;
  /** The SQL, without `into`. */
  readonly sql: string;
  /** `into …`, which PL/pgSQL takes out of a statement, and finds again wherever it stands. */
  readonly into: string;
}

/** What of a PL/pgSQL body can be changed by itself. */
export interface PlpgsqlParts {
  readonly queries: readonly QuerySpan[];
  /** Conditions of `if` and `elsif` whose branch raises an error. */
  readonly checks: readonly Span[];
  /** `perform f(…)` and `raise exception …` outside of any branch, without their semicolon. */
  readonly calls: readonly Span[];
}

/**
 * Finds the parts of a body. libpg-query tells the text of each query and the line of each statement; PL/pgSQL keeps that
 * text as it was written, so that it is found again from that line on. What is not found is left out.
 */
export function readPlpgsql(definition: string, body: string): PlpgsqlParts {
  return new Reader(body).read(parsePlpgsql(definition));
}

type Fields = Readonly<Record<string, Tree>>;

const ERROR_LEVEL = 21;
/** libpg-query's RawParseMode: a whole statement, an expression, an assignment. */
const STATEMENT = 0;
const EXPRESSION = 2;

class Reader {
  readonly #body: string;
  readonly #lines: readonly number[];
  readonly #visible: string;
  readonly #queries: QuerySpan[] = [];
  readonly #checks: Span[] = [];
  readonly #calls: Span[] = [];
  /** Where to look for what comes next. */
  #at = 0;

  constructor(body: string) {
    this.#body = body;
    this.#lines = [0, ...[...body.matchAll(/\n/g)].map(({ index }) => index + 1)];
    this.#visible = maskSql(body, { comments: true });
  }

  read(tree: Tree): PlpgsqlParts {
    const functions = field(tree, "plpgsql_funcs");
    const compiled = field(Array.isArray(functions) ? functions[0] : undefined, "PLpgSQL_function");
    this.#walk(field(compiled, "datums"), 0);
    this.#at = 0;
    this.#walk(field(compiled, "action"), 0);
    return { queries: this.#queries, checks: this.#checks, calls: this.#calls };
  }

  /** `depth`: how many branches and loops are around it. */
  #walk(tree: Tree, depth: number): void {
    if (Array.isArray(tree)) for (const item of tree) this.#walk(item, depth);
    else if (isFields(tree)) for (const [kind, value] of Object.entries(tree)) this.#visit(kind, value, depth);
  }

  #visit(kind: string, value: Tree, depth: number): void {
    const line = field(value, "lineno");
    if (typeof line === "number") this.#at = Math.max(this.#at, this.#lines[line - 1] ?? 0);
    switch (kind) {
      case "PLpgSQL_expr":
        this.#query(value);
        return;
      case "PLpgSQL_stmt_if":
      case "PLpgSQL_if_elsif": {
        const condition = this.#query(field(field(value, "cond"), "PLpgSQL_expr"), /\b(els)?e?if\s+$/i);
        const branch = field(value, kind === "PLpgSQL_stmt_if" ? "then_body" : "stmts");
        if (condition !== undefined && raises(branch)) this.#checks.push(condition);
        this.#walk({ ...(value as Fields), cond: undefined }, depth + 1);
        return;
      }
      case "PLpgSQL_stmt_perform":
        this.#perform(field(field(value, "expr"), "PLpgSQL_expr"));
        return;
      case "PLpgSQL_stmt_raise":
        // Its message and options are words, and are passed over.
        this.#raise({ isCall: depth === 0 && isError(value) });
        return;
      default: {
        const isLoop = /^PLpgSQL_(stmt_(loop|while|for\w*|dynfors|case)|case_when|exception)$/.test(kind);
        this.#walk(value, isLoop ? depth + 1 : depth);
      }
    }
  }

  /** `after`: what stands before it. */
  #query(expression: Tree, after = /(?<![\w$])$/): Span | undefined {
    const sql = field(expression, "query");
    const mode = field(expression, "parseMode");
    if (typeof sql !== "string" || sql === "") return undefined;
    const found = this.#find(sql, after);
    if (found === undefined) return undefined;
    this.#at = found.end;
    if (mode === STATEMENT || mode === EXPRESSION)
      this.#queries.push({ ...found, sql, isExpression: mode === EXPRESSION });
    return found;
  }

  /** PL/pgSQL puts spaces in the place of `into …`; all else is as it was written. */
  #find(sql: string, after: RegExp): (Span & { readonly into: string }) | undefined {
    const first = /^\S+/.exec(sql)?.[0] ?? sql;
    for (let start = this.#body.indexOf(first, this.#at); start !== -1; start = this.#body.indexOf(first, start + 1)) {
      if (!after.test(this.#visible.slice(this.#at, start))) continue;
      const written = this.#body.slice(start, start + sql.length);
      if (written === sql) return { start, end: start + sql.length, into: "" };
      if (written.length === sql.length && [...written].every((char, at) => char === sql[at] || sql[at] === " "))
        return { start, end: start + sql.length, into: differing(written, sql) };
    }
    return undefined;
  }

  /** libpg-query has `SELECT` where the body has `perform`. */
  #perform(expression: Tree): void {
    const text = field(expression, "query");
    if (typeof text !== "string") return;
    const words = text.replace(/^\s*select\s/i, "").trim();
    const start = words === "" ? -1 : this.#body.indexOf(words, this.#at);
    const keyword = /\bperform\s+$/i.exec(this.#body.slice(this.#at, Math.max(start, this.#at)));
    if (start === -1 || keyword === null) return;
    const span = { start: this.#at + keyword.index, end: start + words.length };
    this.#at = span.end;
    // One over rows of a query does something with each, or locks them: that is no check.
    const visible = this.#visible.slice(start, span.end);
    if (!/^[\w."]+\s*\(/.test(words) || /\bfrom\b/i.test(visible)) return;
    this.#calls.push(span);
    this.#queries.push({ start, end: span.end, sql: words, isExpression: true, into: "" });
  }

  #raise({ isCall }: { readonly isCall: boolean }): void {
    const start = this.#visible.slice(this.#at).search(/\braise\b/i);
    const end = start === -1 ? -1 : this.#visible.indexOf(";", this.#at + start);
    if (end === -1) return;
    if (isCall) this.#calls.push({ start: this.#at + start, end });
    this.#at = end;
  }
}

/** What of a text is blanked out in the other. */
function differing(written: string, blanked: string): string {
  const places = [...written].flatMap((char, at) => (char === blanked[at] ? [] : [at]));
  return written.slice(places[0], (places.at(-1) ?? 0) + 1);
}

function isFields(tree: Tree): tree is Fields {
  return typeof tree === "object" && tree !== null && !Array.isArray(tree);
}

function field(tree: Tree, name: string): Tree {
  return isFields(tree) ? tree[name] : undefined;
}

/** Whether one of the statements of a branch is itself `raise exception`. */
function raises(statements: Tree): boolean {
  return Array.isArray(statements) && statements.some((each) => isError(field(each, "PLpgSQL_stmt_raise")));
}

function isError(raise: Tree): boolean {
  const level = field(raise, "elog_level");
  return typeof level === "number" && level >= ERROR_LEVEL;
}

import {
  type Ended,
  type MatrixAction,
  type MatrixCell,
  ROW_CLASSES,
  type RowClass,
  type RowCounts,
} from "../core/matrix.ts";
import type { ApiFunction, Relation } from "./catalog.ts";
import type { Attempt } from "./requests.ts";

/** What `runner.sql` says of an attempt. */
export interface Result {
  readonly kind: "rows" | "denied" | "refused" | "constraint" | "error";
  readonly state: string | null;
  /** Rows that the statement affected. */
  readonly n: number | null;
  /** Of a query, rows by class; of a write, the rows it reached: number and class. */
  readonly hit: Readonly<Record<string, number>> | readonly (readonly [number, RowClass])[] | null;
  /** Each row alone: number, class, how it ended. */
  readonly each?: readonly (readonly [number, RowClass, Result["kind"], string | null, number | null])[];
  /** The pre-request function refused. */
  readonly door?: true;
}

/** What a persona's request for a relation or function came to. */
export interface Answer {
  readonly persona: string;
  readonly number: number;
  readonly of: Relation | ApiFunction;
  readonly attempts: readonly Attempt[];
  readonly results: readonly Result[];
}

/** Rows by the relation's oid, the persona's number, and class. */
export type Totals = ReadonlyMap<string, ReadonlyMap<number, Readonly<Record<string, number>>>>;

interface Tried {
  readonly attempt: Attempt;
  readonly result: Result;
}

const NO_ROW = "the fixtures have no row here";

/** The cells of a relation: each action of every persona. */
export function relationCells(relation: Relation, answers: readonly Answer[], totals: Totals): MatrixCell[] {
  const subject = `${relation.schema}.${relation.name}`;
  const own = answers.filter(({ of }) => of === relation);
  const personas = [...new Set(own.map(({ persona }) => persona))];
  const triedBy = (persona: string): Tried[] =>
    own.filter((answer) => answer.persona === persona).flatMap(({ attempts, results }) => pair(attempts, results));
  const cells = personas.flatMap((persona, index): MatrixCell[] => {
    const number = own.find((answer) => answer.persona === persona)?.number ?? index;
    const total = totals.get(relation.oid)?.get(number) ?? {};
    const tried = triedBy(persona);
    const cell = (
      action: MatrixAction,
      ended: Ended,
      more: { variant?: string; columns?: readonly string[] } = {},
    ) => ({
      persona,
      subject,
      action,
      variant: more.variant ?? "",
      ended,
      ...(more.columns === undefined ? {} : { columns: more.columns }),
    });
    return [
      ...selectCells(tried, total).map(({ ended, columns }) => cell("select", ended, { columns })),
      ...insertCells(tried).map(({ ended, ...more }) => cell("insert", ended, more)),
      ...updateCells(tried, total).map(({ ended, columns }) => cell("update", ended, { columns })),
      ...tried
        .filter(({ attempt: { of } }) => of.kind === "delete")
        .map((one) => cell("delete", writeEnded([one], total))),
    ];
  });
  return inOrder(withoutTotals(cells));
}

export function functionCells(routine: ApiFunction, answers: readonly Answer[]): MatrixCell[] {
  const subject = `${routine.schema}.${routine.name}(${routine.inputs.map(({ shown }) => shown).join(", ")})`;
  const cells = answers
    .filter(({ of }) => of === routine)
    .flatMap(({ persona, attempts, results }) =>
      pair(attempts, results).map(({ attempt, result }): MatrixCell => {
        const variant = attempt.of.kind === "call" ? attempt.of.label : "";
        return { persona, subject, action: "execute", variant, ended: callEnded(attempt, result) };
      }),
    );
  return inOrder(cells);
}

function pair(attempts: readonly Attempt[], results: readonly Result[]): Tried[] {
  return attempts.flatMap((attempt, index) => {
    const result = results[index];
    return result === undefined ? [] : [{ attempt, result }];
  });
}

const ACTIONS: readonly MatrixAction[] = ["select", "insert", "update", "delete", "execute"];

/** By action and variant; personas stay in their order, and calls in that of the fixtures. */
function inOrder(cells: readonly MatrixCell[]): MatrixCell[] {
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  const rank = ({ action, variant }: MatrixCell): number => (action === "insert" ? rankOf(variant) : 0);
  return cells.toSorted(
    (a, b) =>
      ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action) ||
      rank(a) - rank(b) ||
      variants.indexOf(a.variant) - variants.indexOf(b.variant),
  );
}

/** Of inserts: where one belongs before elsewhere, in one's own name before another's. */
function rankOf(variant: string): number {
  return (variant.startsWith("other") ? 2 : 0) + (variant.endsWith("another") ? 1 : 0);
}

/** Of a view that shows somebody more than its owner, nobody can say how much there is. */
function withoutTotals(cells: readonly MatrixCell[]): MatrixCell[] {
  const isMore = ({ action, ended }: MatrixCell): boolean =>
    action === "select" &&
    ended.kind === "rows" &&
    Object.values(ended.rows).some(([reached, of]) => of !== null && reached > of);
  if (!cells.some(isMore)) return [...cells];
  return cells.map((cell) => {
    if (cell.action !== "select") return cell;
    const { ended } = cell;
    if (ended.kind === "undecided" && ended.why === NO_ROW)
      return { ...cell, ended: { kind: "rows", rows: { all: [0, null] } } };
    if (ended.kind !== "rows") return cell;
    const rows = Object.fromEntries(Object.entries(ended.rows).map(([name, [reached]]) => [name, [reached, null]]));
    return { ...cell, ended: { ...ended, rows: rows } };
  });
}

// ─── Endings ────────────────────────────────────────────────────────────────────────────────────────────────────────

function failed({ kind, state, door }: Result): Ended {
  if (kind === "denied" || kind === "refused") return { kind };
  return { kind: "error", sqlState: state ?? "", by: door === true ? "pre-request" : "statement" };
}

function wordOf(result: Pick<Result, "kind" | "state">): string {
  switch (result.kind) {
    case "denied":
      return "no privilege";
    case "refused":
      return "refused";
    case "rows":
      return "filtered";
    case "constraint":
    case "error":
      return `error ${result.state}`;
  }
}

/** Rows reached by class, of all that there are; empty classes are left out. */
function counts(reached: Readonly<Record<string, number>>, total: Readonly<Record<string, number>>): RowCounts {
  return Object.fromEntries(
    ROW_CLASSES.flatMap((name) => {
      const [n = 0, of = 0] = [reached[name], total[name]];
      return n === 0 && of === 0 ? [] : [[name, [n, of]]];
    }),
  );
}

const sum = (numbers: Readonly<Record<string, number>>): number =>
  Object.values(numbers).reduce((all, number) => all + number, 0);

function selectCells(
  tried: readonly Tried[],
  total: Readonly<Record<string, number>>,
): { readonly ended: Ended; readonly columns: readonly string[] }[] {
  const columns = tried.flatMap(({ attempt: { of }, result }) =>
    of.kind === "columns" && result.kind === "rows" ? of.columns : [],
  );
  return tried.flatMap(({ attempt: { of }, result }) =>
    of.kind === "select" ? [{ ended: selectEnded(result, { exact: of.exact, total }), columns }] : [],
  );
}

function selectEnded(
  result: Result,
  { exact, total }: { readonly exact: boolean; readonly total: Readonly<Record<string, number>> },
): Ended {
  if (result.kind !== "rows") return failed(result);
  const hit = (result.hit ?? {}) as Readonly<Record<string, number>>;
  const seen = result.n ?? sum(hit);
  const all = sum(total);
  if (seen === 0 && all === 0) return { kind: "undecided", why: NO_ROW };
  // What is not told apart is still known where it is nothing or everything.
  if (seen === 0) return { kind: "rows", rows: counts({}, total) };
  if (!exact && seen === all) return { kind: "rows", rows: counts(total, total) };
  if (!exact || sum(hit) !== seen) return { kind: "rows", rows: { all: [seen, all] } };
  return { kind: "rows", rows: counts(hit, total) };
}

/** A constraint is looked at after privileges and policies: whom only it stops, those let through. */
const isLet = ({ kind, n }: Pick<Result, "kind" | "n">): boolean =>
  kind === "constraint" || (kind === "rows" && n !== 0);

function insertCells(
  tried: readonly Tried[],
): { readonly ended: Ended; readonly variant: string; readonly columns?: readonly string[] }[] {
  const inserts = tried.flatMap(({ attempt: { of, sql }, result }) =>
    of.kind === "insert" ? [{ variant: of.variant, copied: !sql.endsWith("default values"), result }] : [],
  );
  const columns = tried.flatMap(({ attempt: { of }, result }) =>
    of.kind === "given" && result.kind !== "denied" && !NOT_WRITTEN.has(result.state ?? "") ? [of.column] : [],
  );
  const variants = [...new Set(inserts.map(({ variant }) => variant))].toSorted((a, b) => rankOf(a) - rankOf(b));
  return variants.map((variant, index) => {
    const same = inserts.filter((insert) => insert.variant === variant);
    const isCopy = same.every(({ copied }) => copied);
    const results = same.map(({ result }) => result);
    // The same whatever is inserted, so they stand with the first.
    const more = { variant, ...(index === 0 && columns.length > 0 ? { columns } : {}) };
    if (!isCopy && results.every((result) => result.kind !== "denied" && result.door !== true))
      return { ...more, ended: { kind: "undecided", why: "the fixtures have no row to copy" } };
    return { ...more, ended: insertEnded(results) };
  });
}

function insertEnded(results: readonly Result[]): Ended {
  const let_ = results.filter(isLet);
  const others = results.filter((result) => !isLet(result));
  const words = [...new Set(others.map(wordOf))].toSorted();
  const [first] = others;
  if (let_.length === 0 && words.length === 1 && first !== undefined && first.kind !== "rows") return failed(first);
  const rows: RowCounts = { all: [let_.length, results.length] };
  return { kind: "rows", rows, ...(words.length === 0 ? {} : { otherwise: words.join(", ") }) };
}

function updateCells(
  tried: readonly Tried[],
  total: Readonly<Record<string, number>>,
): { readonly ended: Ended; readonly columns: readonly string[] }[] {
  const all = tried.filter(({ attempt: { of } }) => of.kind === "update");
  const updates = all.filter(({ result: { state } }) => !NOT_WRITTEN.has(state ?? ""));
  if (all.length === 0) return [];
  const columns = updates.flatMap(({ attempt: { of }, result }) =>
    of.kind === "update" && reaches(result) ? [of.column] : [],
  );
  return [{ ended: writeEnded(updates, total), columns }];
}

/** Columns that nobody sets: generated ones, and those of a view that are computed. Said before privileges are looked at. */
const NOT_WRITTEN = new Set(["428C9", "0A000", "55000"]);

function reaches(result: Result): boolean {
  return isLet(result) || (result.each ?? []).some(([, , kind, , n]) => isLet({ kind, n }));
}

/** All attempts at one cell together: every row that one of them reached. */
function writeEnded(tried: readonly Tried[], total: Readonly<Record<string, number>>): Ended {
  const results = tried.map(({ result }) => result);
  const all = sum(total);
  const reached = new Map(results.flatMap(reachedRows));
  if (reached.size > 0) {
    const byClass: Record<string, number> = {};
    for (const name of reached.values()) byClass[name] = (byClass[name] ?? 0) + 1;
    const words = [...new Set(results.flatMap((result) => elsewhere(result)))].toSorted();
    const isWhole = reached.size === all;
    return {
      kind: "rows",
      rows: counts(byClass, total),
      ...(words.length === 0 || isWhole ? {} : { otherwise: words.join(", ") }),
    };
  }
  const let_ = results.filter(isLet);
  const most = Math.max(0, ...let_.map(({ n }) => n ?? 0));
  if (most > 0) return { kind: "rows", rows: { all: [most, all === 0 ? null : all] } };
  if (let_.length > 0)
    return { kind: "undecided", why: "a constraint stops it, and whose rows it reached is not known" };
  const others = results.filter(({ kind }) => kind !== "denied");
  const [first] = results;
  if (first === undefined) return { kind: "undecided", why: "no column of it can be set" };
  if (others.length === 0) return failed(first);
  const notFiltered = others.find(({ kind }) => kind === "refused") ?? others.find(({ kind }) => kind === "error");
  if (others.some(({ kind }) => kind === "rows"))
    return all === 0 ? { kind: "undecided", why: NO_ROW } : { kind: "rows", rows: counts({}, total) };
  return failed(notFiltered ?? first);
}

function reachedRows({ hit, each }: Result): (readonly [number, RowClass])[] {
  const alone = (each ?? []).filter(([, , kind, , n]) => isLet({ kind, n })).map(([n, name]) => [n, name] as const);
  return [...(Array.isArray(hit) ? (hit as [number, RowClass][]) : []), ...alone];
}

/** How the rows ended that were tried alone and not reached. */
function elsewhere({ each }: Result): string[] {
  return (each ?? []).flatMap(([, , kind, state, n]) =>
    isLet({ kind, n }) || kind === "rows" ? [] : [wordOf({ kind, state })],
  );
}

function callEnded({ of }: Attempt, result: Result): Ended {
  if (result.kind !== "rows") return failed(result);
  if (of.kind === "may-call") return { kind: "undecided", why: "may be called; the fixtures give no arguments" };
  return of.kind === "call" && of.returnsSet ? { kind: "rows", rows: { all: [result.n ?? 0, null] } } : { kind: "ran" };
}

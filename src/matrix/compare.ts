import {
  type Ended,
  type Matrix,
  type MatrixCell,
  type MatrixChange,
  type MatrixRelation,
  ROW_CLASSES,
  type RowCounts,
  subjectOf,
} from "../core/matrix.ts";
import type { Subject } from "../core/subject.ts";

/**
 * What has opened and what has closed between two matrices, opened things first; then what is different without being
 * either, such as another error. A cell on one side only says that a right came or went where somebody is let through, and
 * where the same was asked of the same people; otherwise the question came or went, which is neither.
 */
export function compareMatrices(before: Matrix, after: Matrix): MatrixChange[] {
  const [olds, news] = [sideOf(before), sideOf(after)];
  const changes = [...new Set([...news.cells.keys(), ...olds.cells.keys()])].flatMap((key): MatrixChange[] => {
    const [old, now] = [olds.cells.get(key), news.cells.get(key)];
    const cell = now ?? old;
    if (cell === undefined) return [];
    const isRelabelled = olds.labels.get(cell.subject) !== news.labels.get(cell.subject);
    if (old !== undefined && now !== undefined) return changesOf({ old, now, isRelabelled });
    const [mine, theirs] = now === undefined ? [olds, news] : [news, olds];
    const general = theirs.cells.get(keyOf({ ...cell, variant: "" }));
    if (general !== undefined && speaksForAll(general, isRelabelled))
      return changesOf({ old: old ?? general, now: now ?? general, isRelabelled });
    // What the other side tells by variants is compared with each of them.
    if (cell.variant === "" && speaksForAll(cell, isRelabelled) && theirs.keysWithoutVariant.has(key)) return [];
    return oneSided(cell, { came: now !== undefined, mine, theirs, isRelabelled });
  });
  const order: readonly MatrixChange["kind"][] = ["opened", "closed", "other"];
  return order.flatMap((kind) => changes.filter((change) => change.kind === kind));
}

/** A matrix as it is compared. */
interface Side {
  readonly cells: ReadonlyMap<string, MatrixCell>;
  readonly keysWithoutVariant: ReadonlySet<string>;
  readonly personas: ReadonlySet<string>;
  /** By subject, its schema; undefined where only cells tell of it. */
  readonly subjects: ReadonlyMap<string, string | undefined>;
  /** By subject, what tells whose a row of it is: other words for it are no other rows. */
  readonly labels: ReadonlyMap<string, string>;
}

function sideOf({ cells, personas, people, relations, functions }: Matrix): Side {
  const schemas = new Map([...relations, ...functions].map((object) => [subjectOf(object), object.schema]));
  const rules = new Map(relations.map((relation) => [subjectOf(relation), [relation.own, relation.shared]]));
  const subjects = [...new Set([...schemas.keys(), ...cells.map(({ subject }) => subject)])];
  return {
    cells: new Map(cells.map((cell) => [keyOf(cell), cell])),
    keysWithoutVariant: new Set(cells.map((cell) => keyOf({ ...cell, variant: "" }))),
    personas: new Set([...personas.map(({ name }) => name), ...cells.map(({ persona }) => persona)]),
    subjects: new Map(subjects.map((subject) => [subject, schemas.get(subject)])),
    labels: new Map(subjects.map((subject) => [subject, JSON.stringify([people, rules.get(subject)])])),
  };
}

const keyOf = ({ subject, action, variant, persona }: MatrixCell): string =>
  JSON.stringify([subject, action, variant, persona]);

/**
 * Whether an attempt without a variant can be compared with each variant of the other side. Where people are told apart
 * otherwise, only one that did not come as far as to what tells variants apart.
 */
function speaksForAll({ ended }: MatrixCell, isRelabelled: boolean): boolean {
  return !isRelabelled || ended.kind === "undecided" || levelOf(ended) === 0;
}

/** Of a cell that the other side does not have. */
function oneSided(
  cell: MatrixCell,
  given: { readonly came: boolean; readonly mine: Side; readonly theirs: Side; readonly isRelabelled: boolean },
): MatrixChange[] {
  const level = levelOf(cell.ended);
  if (level === 0) return [];
  const { persona, subject, action, variant, ended } = cell;
  const [before, after] = given.came ? [null, ended] : [ended, null];
  const isRight = level === 2 && isAnswer(cell, given);
  const kind = !isRight ? "other" : given.came ? "opened" : "closed";
  return [{ kind, persona, subject, action, variant, before, after, columns: [] }];
}

/** Whether a cell is there for what the database says, and not for what it was asked. */
function isAnswer(
  { persona, subject, action }: MatrixCell,
  { came, mine, theirs, isRelabelled }: Parameters<typeof oneSided>[1],
): boolean {
  if (!theirs.personas.has(persona)) return false;
  // Calls are the fixtures' own; and who is told apart otherwise, inserts in another's name otherwise.
  if (theirs.subjects.has(subject)) return action !== "execute" && !isRelabelled;
  // A schema that is exposed now may open much. Of one that is no more, nobody knows whether its things are still there.
  const schema = mine.subjects.get(subject);
  return came || schema === undefined || [...theirs.subjects.values()].includes(schema);
}

function changesOf({
  old,
  now,
  isRelabelled,
}: {
  readonly old: MatrixCell;
  readonly now: MatrixCell;
  readonly isRelabelled: boolean;
}): MatrixChange[] {
  const { persona, subject, action } = now;
  const variant = now.variant === "" ? old.variant : now.variant;
  const base = { persona, subject, action, variant, before: old.ended, after: now.ended };
  const kind = direction(old.ended, now.ended, isRelabelled);
  // Of a cell that has opened or closed as a whole, its columns say nothing more.
  const isBoth = old.ended.kind !== "denied" && now.ended.kind !== "denied";
  const gained = isBoth ? without(now.columns, old.columns, isRelabelled) : [];
  const lost = isBoth ? without(old.columns, now.columns, isRelabelled) : [];
  return [
    ...(kind === undefined ? [] : [{ ...base, kind, columns: [] }]),
    ...(gained.length === 0 ? [] : [{ ...base, kind: "opened" as const, columns: gained }]),
    ...(lost.length === 0 ? [] : [{ ...base, kind: "closed" as const, columns: lost }]),
  ];
}

/** Columns that are not among others; where people are told apart otherwise, whom a column may name says nothing. */
function without(names: readonly string[] = [], others: readonly string[] = [], isRelabelled: boolean): string[] {
  const plain = (name: string): string => (isRelabelled ? name.replace(/ = (oneself|another)$/, "") : name);
  const known = new Set(others.map(plain));
  return names.filter((name) => !known.has(plain(name)));
}

/** 0: not allowed to try · 1: tried in vain, or nobody knows · 2: let through. */
function levelOf(ended: Ended | undefined): 0 | 1 | 2 {
  if (ended === undefined || ended.kind === "denied") return 0;
  if (ended.kind === "ran") return 2;
  if (ended.kind === "rows") return Object.values(ended.rows).some(([reached]) => reached > 0) ? 2 : 1;
  return ended.kind === "error" && ended.by === "pre-request" ? 0 : 1;
}

function direction(before: Ended, after: Ended, isRelabelled: boolean): MatrixChange["kind"] | undefined {
  const [from, to] = [levelOf(before), levelOf(after)];
  // Where the privilege is there on both sides, the one side only knows more.
  if ((before.kind === "undecided" && to > 0) || (after.kind === "undecided" && from > 0))
    return before.kind === after.kind ? undefined : "other";
  if (to > from) return "opened";
  if (to < from) return "closed";
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  if (before.kind !== "rows" || after.kind !== "rows") return "other";
  const shares = haveMoved(before.rows, after.rows, isRelabelled)
    ? [shareChange(totalOf(before.rows), totalOf(after.rows))]
    : ROW_CLASSES.map((name) => shareChange(before.rows[name], after.rows[name]));
  if (shares.includes("more")) return "opened";
  return shares.includes("less") ? "closed" : "other";
}

type Count = readonly [reached: number, of: number | null];

/** Whether rows are the same number as before and counted among others: then only all of them together can be compared. */
function haveMoved(before: RowCounts, after: RowCounts, isRelabelled: boolean): boolean {
  const isElsewhere = ROW_CLASSES.some((name) => {
    const [of, out] = [before[name]?.[1], after[name]?.[1]];
    return of === null || out === null ? of !== out : (of ?? 0) !== (out ?? 0);
  });
  return isElsewhere && (isRelabelled || totalOf(before)[1] === totalOf(after)[1]);
}

function totalOf(rows: RowCounts): Count {
  return Object.values(rows).reduce<Count>(
    ([n, of], [reached, out]) => [n + reached, of === null || out === null ? null : of + out],
    [0, 0],
  );
}

/** Of how many counts too: the fixtures may have grown, and then the same share is more rows. */
function shareChange(before: Count = [0, 0], after: Count = [0, 0]): "more" | "less" | "same" {
  const [[n, of], [m, out]] = [before, after];
  const difference = of === null || out === null ? m - n : m * Math.max(of, 1) - n * Math.max(out, 1);
  return difference > 0 ? "more" : difference < 0 ? "less" : "same";
}

/**
 * What decides a cell, as things that files declare, the likeliest first: policies that are new or say something else than
 * before, then all that hold for the role and the command, then the privilege. Nothing, where only the question is another.
 */
export function causesOf(change: MatrixChange, before: Matrix, after: Matrix): Subject[] {
  if (change.kind === "other" && (change.before === null || change.after === null)) return [];
  const role = [...after.personas, ...before.personas].find(({ name }) => name === change.persona)?.role ?? "PUBLIC";
  const relation = after.relations.find((each) => subjectOf(each) === change.subject);
  if (relation !== undefined) {
    const old = before.relations.find((each) => subjectOf(each) === change.subject);
    const [column] = [...change.columns, ...columnsOf(after, change), ...columnsOf(before, change)];
    return relationCauses(change, { relation, old, role, column: column?.replace(/ = .*$/, "") });
  }
  const routine = after.functions.find((each) => subjectOf(each) === change.subject);
  if (routine === undefined) return [];
  const on = { kind: "function" as const, schema: routine.schema, name: routine.name, arguments: routine.arguments };
  const grant = { kind: "grant" as const, on, privilege: "execute", grantee: role };
  return levelOf(change.before ?? undefined) === 0 || levelOf(change.after ?? undefined) === 0 ? [grant, on] : [on];
}

/** Of the cell that a change is about. */
function columnsOf({ cells }: Matrix, { subject, action, variant, persona }: MatrixChange): readonly string[] {
  const found = cells.find(
    (cell) =>
      cell.subject === subject && cell.action === action && cell.variant === variant && cell.persona === persona,
  );
  return found?.columns ?? [];
}

function relationCauses(
  { action, before, after, columns }: MatrixChange,
  given: {
    readonly relation: MatrixRelation;
    readonly old: MatrixRelation | undefined;
    readonly role: string;
    /** A privilege may be granted on a column only. */
    readonly column: string | undefined;
  },
): Subject[] {
  const { relation, old, role, column } = given;
  const { schema, name } = relation;
  const on = { kind: "relation" as const, schema, name };
  const grant: Subject = {
    kind: "grant",
    on,
    privilege: action,
    grantee: role,
    ...(column === undefined ? {} : { column }),
  };
  const isPrivilege = columns.length > 0 || before?.kind === "denied" || after?.kind === "denied";
  const holds = relation.policies.filter(
    ({ command, roles }) =>
      (command === "all" || command === action || (command === "select" && action !== "insert")) &&
      (roles.includes(role) || roles.includes("PUBLIC")),
  );
  const known = new Set(old?.policies.map((policy) => JSON.stringify(policy)));
  const fresh = holds.filter((policy) => !known.has(JSON.stringify(policy)));
  const own = holds.filter(({ command }) => command === "all" || command === action);
  const policies = (fresh.length > 0 ? fresh : own).map((policy): Subject => ({
    kind: "policy",
    schema,
    relation: name,
    name: policy.name,
  }));
  if (relation.kind !== "table") return isPrivilege ? [grant, on] : [on];
  if (!relation.rowSecurity) return [...(isPrivilege ? [grant] : []), { kind: "row-security", schema, relation: name }];
  return isPrivilege
    ? [grant, ...policies]
    : policies.length === 0
      ? [{ kind: "row-security", schema, relation: name }]
      : policies;
}

import {
  type Ended,
  type Matrix,
  type MatrixCell,
  type MatrixChange,
  type MatrixRelation,
  ROW_CLASSES,
  subjectOf,
} from "../core/matrix.ts";
import type { Subject } from "../core/subject.ts";

/**
 * What has opened and what has closed between two matrices, opened things first; then what is different without being
 * either, such as another error. A cell that is not there any more has closed if it let somebody through.
 */
export function compareMatrices(before: Matrix, after: Matrix): MatrixChange[] {
  const [olds, news] = [byKey(before), byKey(after)];
  const changes = [...new Set([...news.keys(), ...olds.keys()])].flatMap((key) => {
    const [old, now] = [olds.get(key), news.get(key)];
    if (now !== undefined) return changesOf(now, old ?? olds.get(keyOf({ ...now, variant: "" })), now);
    // What has got variants since, is compared with each of them.
    const isTold = old?.variant === "" && after.cells.some((cell) => keyOf({ ...cell, variant: "" }) === key);
    return old === undefined || isTold ? [] : changesOf(old, old, undefined);
  });
  const order: readonly MatrixChange["kind"][] = ["opened", "closed", "other"];
  return order.flatMap((kind) => changes.filter((change) => change.kind === kind));
}

function byKey({ cells }: Matrix): Map<string, MatrixCell> {
  return new Map(cells.map((cell) => [keyOf(cell), cell]));
}

const keyOf = ({ subject, action, variant, persona }: MatrixCell): string =>
  JSON.stringify([subject, action, variant, persona]);

function changesOf(cell: MatrixCell, old: MatrixCell | undefined, now: MatrixCell | undefined): MatrixChange[] {
  const { persona, subject, action, variant } = cell;
  const base = { persona, subject, action, variant, before: old?.ended ?? null, after: now?.ended ?? null };
  const kind = direction(old?.ended, now?.ended);
  const gained = without(now?.columns, old?.columns);
  const lost = without(old?.columns, now?.columns);
  // Of a cell that has opened or closed as a whole, its columns say nothing more.
  const isBoth = old !== undefined && now !== undefined && old.ended.kind !== "denied" && now.ended.kind !== "denied";
  const columns = isBoth ? { gained, lost } : NONE;
  return [
    ...(kind === undefined ? [] : [{ ...base, kind, columns: [] }]),
    ...(columns.gained.length === 0 ? [] : [{ ...base, kind: "opened" as const, columns: columns.gained }]),
    ...(columns.lost.length === 0 ? [] : [{ ...base, kind: "closed" as const, columns: columns.lost }]),
  ];
}

const NONE = { gained: [], lost: [] };

const without = (names: readonly string[] = [], others: readonly string[] = []): string[] =>
  names.filter((name) => !others.includes(name));

/** 0: not allowed to try · 1: tried in vain, or nobody knows · 2: let through. */
function levelOf(ended: Ended | undefined): 0 | 1 | 2 {
  if (ended === undefined || ended.kind === "denied") return 0;
  if (ended.kind === "ran") return 2;
  if (ended.kind === "rows") return Object.values(ended.rows).some(([reached]) => reached > 0) ? 2 : 1;
  return ended.kind === "error" && ended.by === "pre-request" ? 0 : 1;
}

function direction(before: Ended | undefined, after: Ended | undefined): MatrixChange["kind"] | undefined {
  const [from, to] = [levelOf(before), levelOf(after)];
  // Where the privilege is there on both sides, the one side only knows more.
  if ((before?.kind === "undecided" && to > 0) || (after?.kind === "undecided" && from > 0))
    return before?.kind === after?.kind ? undefined : "other";
  if (to > from) return "opened";
  if (to < from) return "closed";
  if (before === undefined || after === undefined || JSON.stringify(before) === JSON.stringify(after)) return undefined;
  if (before.kind !== "rows" || after.kind !== "rows") return "other";
  const shares = ROW_CLASSES.map((name) => shareChange(before.rows[name], after.rows[name]));
  if (shares.includes("more")) return "opened";
  return shares.includes("less") ? "closed" : "other";
}

type Count = readonly [reached: number, of: number | null];

/** Of how many counts too: the fixtures may have grown, and then the same share is more rows. */
function shareChange(before: Count = [0, 0], after: Count = [0, 0]): "more" | "less" | "same" {
  const [[n, of], [m, out]] = [before, after];
  const difference = of === null || out === null ? m - n : m * Math.max(of, 1) - n * Math.max(out, 1);
  return difference > 0 ? "more" : difference < 0 ? "less" : "same";
}

/**
 * What decides a cell, as things that files declare, the likeliest first: policies that are new or say something else than
 * before, then all that hold for the role and the command, then the privilege.
 */
export function causesOf(change: MatrixChange, before: Matrix, after: Matrix): Subject[] {
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

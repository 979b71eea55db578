import type { SourceLocation } from "./errors.ts";

/** Somebody who sends requests: what PostgREST takes from a token, or from its lack. */
export interface Persona {
  readonly name: string;
  readonly role: string;
  /** Of the token; empty for whoever sends none. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Who may do what with everything that an API exposes, as it turned out when each of them tried. Holds no id, no time and
 * no value of a row: the same files give the same matrix on every server.
 */
export interface Matrix {
  readonly personas: readonly { readonly name: string; readonly role: string }[];
  /** How rows were told apart; null where nothing says which rows are whose. */
  readonly people: MatrixPeople | null;
  /** Tables and views, in the order of their names. */
  readonly relations: readonly MatrixRelation[];
  readonly functions: readonly MatrixFunction[];
  /** By subject, action and variant, each with one cell for every persona, in their order. */
  readonly cells: readonly MatrixCell[];
}

/** What a persona's token and the rows have in common. */
export interface MatrixPeople {
  /** The column that tells people apart, `auth.users.id`, and the claim that holds it. */
  readonly column: string;
  readonly claim: string;
  /** Tables that say who belongs to what: `api.project_members` puts people into `api.projects`. */
  readonly memberships: readonly { readonly table: string; readonly of: string }[];
}

export interface MatrixRelation {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view" | "materialized view" | "foreign table";
  /** Rows that the fixtures made; null where it depends on who looks. */
  readonly rows: number | null;
  /** Columns whose value makes a row a persona's own, or one that they share; empty where rows cannot be told apart. */
  readonly own: readonly string[];
  readonly shared: readonly string[];
  /** What stands between a request and the rows: for the place to look at when a cell has changed. */
  readonly rowSecurity: boolean;
  readonly policies: readonly MatrixPolicy[];
}

export interface MatrixPolicy {
  readonly name: string;
  readonly command: "all" | "select" | "insert" | "update" | "delete";
  readonly permissive: boolean;
  /** `PUBLIC` is everybody. */
  readonly roles: readonly string[];
}

export interface MatrixFunction {
  readonly schema: string;
  readonly name: string;
  /** Types of its input arguments. */
  readonly arguments: readonly string[];
}

export type MatrixAction = "select" | "insert" | "update" | "delete" | "execute";

export interface MatrixCell {
  readonly persona: string;
  /** As `subjectOf` names it: `api.tasks`, `api.assign_task(bigint, bigint)`. */
  readonly subject: string;
  readonly action: MatrixAction;
  /** Of an insert, in whose name and where (`shared, as oneself`); of a call, what the project named it; else empty. */
  readonly variant: string;
  readonly ended: Ended;
  /** Columns that the persona can read (select), give a value to (the first insert) or set in some row (update). */
  readonly columns?: readonly string[];
}

/**
 * How an attempt ended. Filtered is `rows` with none reached of some. Where the statement as a whole failed for some of
 * its rows, each was tried alone, and `otherwise` says how the others ended.
 */
export type Ended =
  | { readonly kind: "rows"; readonly rows: RowCounts; readonly otherwise?: string }
  /** A function that answers no set was called and returned. */
  | { readonly kind: "ran" }
  | { readonly kind: "denied" }
  /** By `with check`. */
  | { readonly kind: "refused" }
  | { readonly kind: "error"; readonly sqlState: string; readonly by: "statement" | "pre-request" }
  /** The privilege is there, and what it amounts to could not be found out. */
  | { readonly kind: "undecided"; readonly why: string };

/** `own`: the persona's · `shared`: of something they belong to · `other`: neither · `all`: not told apart. */
export type RowClass = "own" | "shared" | "other" | "all";

export const ROW_CLASSES: readonly RowClass[] = ["own", "shared", "other", "all"];

/** Rows reached, of how many; for inserts, attempts that were let through. Null: depends on who looks. */
export type RowCounts = Readonly<Partial<Record<RowClass, readonly [reached: number, of: number | null]>>>;

/** How a cell differs from what it was. */
export interface MatrixChange {
  /** More than before · less than before · neither; with a null on one side, the question came or went. */
  readonly kind: "opened" | "closed" | "other";
  readonly persona: string;
  readonly subject: string;
  readonly action: MatrixAction;
  readonly variant: string;
  /** Null where there was, or is, no such cell. */
  readonly before: Ended | null;
  readonly after: Ended | null;
  /** Columns that came or went; where there are some, the change is about them. */
  readonly columns: readonly string[];
}

/** A change, with where the files declare what decides it. */
export interface LocatedChange extends MatrixChange {
  readonly causes: readonly { readonly what: string; readonly location: SourceLocation }[];
}

/** What a cell's `subject` calls a relation or function. */
export function subjectOf(object: MatrixRelation | MatrixFunction): string {
  const name = `${object.schema}.${object.name}`;
  return "arguments" in object ? `${name}(${object.arguments.join(", ")})` : name;
}

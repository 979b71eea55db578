import {
  type Matrix,
  type MatrixCell,
  type MatrixFunction,
  type MatrixRelation,
  subjectOf,
} from "../../core/matrix.ts";
import { plural } from "../format.ts";
import { visible } from "../visible.ts";
import { endedWords, nameList } from "./words.ts";

/** The matrix for a pull request: a table for each relation, people to whom the same happens in one line. */
export function matrixMarkdown(matrix: Matrix): string {
  const blocks = [
    "# Who may do what",
    "Written by `npx tm-db matrix`, which lets everybody below try everything that the API exposes and undoes it. Not to be edited by hand: `npx tm-db matrix --check` compares.",
    legend(matrix),
    table(
      ["", "role"],
      matrix.personas.map(({ name, role }) => [escape(name), code(role)]),
    ),
    ...matrix.relations.flatMap((relation) => relationBlocks(matrix, relation)),
    ...functionBlocks(matrix),
    ...undecidedBlocks(matrix),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function legend({ people }: Matrix): string {
  const told =
    people === null
      ? "Nothing tells whose a row is, so rows are counted and not told apart: `matrix.people` in `tm-db.config.json` would say it."
      : `A row is somebody's **own** if one of its columns leads to them in ${code(people.column)}, as their claim ${code(people.claim)} says;${shared(people.memberships)} **other** is what is neither.`;
  return [
    told,
    "`2/3` is two rows of three. `no privilege`: PostgreSQL asked for a grant. `refused`: by `with check`. `error`: with that SQLSTATE. `else`: how it ended with the other rows, each tried alone. INSERT tries a copy of a row, of each thing that rows belong to, and counts those that were let in; UPDATE sets each column of all rows, without a condition; a constraint stops only what was let through.",
  ].join("\n\n");
}

function shared(memberships: readonly { readonly table: string; readonly of: string }[]): string {
  if (memberships.length === 0) return "";
  const things = memberships.map(({ table: by, of }) => `${code(of)} (by ${code(by)})`);
  return ` **shared** if it is of something that they belong to, in ${nameList(things)};`;
}

// ─── Relations ──────────────────────────────────────────────────────────────────────────────────────────────────────

function relationBlocks(matrix: Matrix, relation: MatrixRelation): string[] {
  const cells = matrix.cells.filter(({ subject }) => subject === subjectOf(relation));
  const columns = columnsOf(cells);
  const byPersona = matrix.personas.map(({ name }) => ({
    name,
    cells: columns.map((column) => cellText(cells, column, name)),
  }));
  return [
    `## ${escape(subjectOf(relation))}`,
    describe(relation),
    table(
      ["", ...columns.map(({ label }) => escape(label))],
      grouped(byPersona).map(({ names, cells: texts }) => [names.map(escape).join(", "), ...texts]),
    ),
    ...columnLines(cells),
  ];
}

function describe({ kind, rows, own, shared: through, rowSecurity }: MatrixRelation): string {
  const told = [
    ...(own.length === 0 ? [] : [`own by ${own.map(code).join(", ")}`]),
    ...(through.length === 0 ? [] : [`shared by ${through.map(code).join(", ")}`]),
  ];
  const parts = [
    `A ${kind}`,
    ...(kind === "table" && !rowSecurity ? ["**without row level security**"] : []),
    rows === null ? "its rows depend on who asks" : plural(rows, "row"),
    ...(told.length === 0 ? ["not told apart"] : told),
  ];
  return `${parts.join("; ")}.`;
}

interface TableColumn {
  readonly label: string;
  readonly action: MatrixCell["action"];
  readonly variant: string;
}

/** An insert that somebody could try in several ways has a column for each; whoever could not says so in the first. */
function columnsOf(cells: readonly MatrixCell[]): TableColumn[] {
  const all = new Map(
    cells.map(({ action, variant }) => [
      `${action} ${variant}`,
      { label: variant === "" ? action : `${action} ${variant}`, action, variant },
    ]),
  );
  const found = [...all.values()];
  return found.filter(
    ({ action, variant }) => variant !== "" || !found.some((other) => other.action === action && other.variant !== ""),
  );
}

function cellText(cells: readonly MatrixCell[], { action, variant }: TableColumn, persona: string): string {
  const mine = cells.filter((cell) => cell.persona === persona && cell.action === action);
  const cell = mine.find((each) => each.variant === variant) ?? mine.find((each) => each.variant === "");
  if (cell === undefined) return "";
  const words = endedWords(cell.ended);
  return cell.ended.kind === "rows" && (cell.ended.rows.other?.[0] ?? 0) > 0 ? `**${words}**` : words;
}

interface Row {
  readonly names: readonly string[];
  readonly cells: readonly string[];
}

function grouped(rows: readonly { readonly name: string; readonly cells: readonly string[] }[]): Row[] {
  const groups = new Map<string, { names: string[]; cells: readonly string[] }>();
  for (const { name, cells } of rows) {
    const key = JSON.stringify(cells);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [name], cells });
    else group.names.push(name);
  }
  return [...groups.values()];
}

const COLUMN_WORDS = { select: "read", insert: "given", update: "set" } as const;

/** Which columns a select shows, an insert may name and an update sets, where that is not plain. */
function columnLines(cells: readonly MatrixCell[]): string[] {
  const lines = (["select", "insert", "update"] as const).flatMap((action) => {
    const rows = cells
      .filter((cell) => cell.action === action && (cell.columns ?? []).length > 0)
      .map(({ persona, columns = [] }) => ({ name: persona, cells: columns }));
    const groups = grouped(rows);
    return groups.map(({ names, cells: columns }) => {
      const who = groups.length === 1 ? "" : ` by ${names.map(escape).join(", ")}`;
      return `- ${COLUMN_WORDS[action]}${who}: ${columns.map(code).join(", ")}`;
    });
  });
  return lines.length === 0 ? [] : [lines.join("\n")];
}

// ─── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────────

function functionBlocks(matrix: Matrix): string[] {
  if (matrix.functions.length === 0) return [];
  const rows = matrix.functions.flatMap((routine) => functionRows(matrix, routine));
  return ["## Functions", table(["", "with", "ended", "for"], rows)];
}

function functionRows(matrix: Matrix, routine: MatrixFunction): string[][] {
  const cells = matrix.cells.filter(({ subject }) => subject === subjectOf(routine));
  const variants = [...new Set(cells.map(({ variant }) => variant))];
  return variants.flatMap((variant) => {
    const rows = cells
      .filter((cell) => cell.variant === variant)
      .map(({ persona, ended }) => ({ name: persona, cells: [endedWords(ended)] }));
    return grouped(rows).map(({ names, cells: [ended = ""] }, index) => [
      index === 0 ? code(subjectOf(routine)) : "",
      index === 0 ? escape(variant) : "",
      ended,
      names.length === matrix.personas.length ? "everybody" : names.map(escape).join(", "),
    ]);
  });
}

function undecidedBlocks({ cells }: Matrix): string[] {
  const reasons = new Map<string, string[]>();
  for (const { subject, action, ended } of cells) {
    if (ended.kind !== "undecided") continue;
    const what = `${action} ${code(subject)}`;
    const known = reasons.get(ended.why) ?? [];
    if (!known.includes(what)) reasons.set(ended.why, [...known, what]);
  }
  if (reasons.size === 0) return [];
  return ["## Undecided", [...reasons].map(([why, what]) => `- ${escape(why)}: ${what.join("; ")}`).join("\n")];
}

// ─── Markdown ───────────────────────────────────────────────────────────────────────────────────────────────────────

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Names are the project's: nothing in them may end a cell or begin markup. */
function escape(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_{}[\]<>|~]/g, "\\$&");
}

/**
 * A code span: its fence is longer than each run of backticks in it, and a space keeps those at its edges apart.
 * https://spec.commonmark.org/0.31.2/#code-spans
 */
function code(text: string): string {
  const plain = oneLine(text).replaceAll("|", "\\|");
  const fence = "`".repeat(Math.max(0, ...(plain.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  const space = /^[` ]|[` ]$/.test(plain) ? " " : "";
  return plain === "" ? "" : `${fence}${space}${plain}${space}${fence}`;
}

function oneLine(text: string): string {
  return visible(text.replaceAll(/\s+/g, " "));
}

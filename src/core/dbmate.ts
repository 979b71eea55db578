/** A migration of dbmate in tm-db's form. */
export interface ConvertedMigration {
  readonly text: string;
  /** What a person should know: what could not be said the same way. */
  readonly notes: readonly string[];
}

/** As dbmate's own patterns (amacneil/dbmate, `pkg/dbmate/migration.go`); what follows the word are options. */
const UP = /^--\s*migrate:up([^\S\n]+\S.*)?$/m;
const DOWN = /^--\s*migrate:down([^\S\n]+\S.*)?$/m;

/** Whether a SQL file has dbmate's markers. */
export function hasDbmateMarkers(text: string): boolean {
  return text.includes("migrate:") && (UP.test(text) || DOWN.test(text));
}

/** Converts one file; a text says why that cannot be done. dbmate takes the first of each marker, and so is it here. */
export function convertDbmate(text: string): ConvertedMigration | string {
  const up = UP.exec(text);
  const down = DOWN.exec(text);
  if (up === null) return "it has no line `-- migrate:up`";
  if (down !== null && down.index < up.index) return "`-- migrate:down` stands before `-- migrate:up`";
  const header = text.slice(0, up.index);
  if (header.split("\n").some((line) => line.trim() !== "" && !line.trim().startsWith("--"))) {
    return "a statement stands before `-- migrate:up`";
  }
  const upSql = text.slice(up.index + up[0].length, down?.index);
  const downSql = down === null ? "" : text.slice(down.index + down[0].length);
  const outside = [up, down].map((marker) => /(^|\s)transaction:false(\s|$)/.test(marker?.[1] ?? ""));
  const hasWayBack = !isOnlyComments(downSql);
  const converted = [
    header.trim() === "" ? "" : `${header.trim()}\n`,
    outside[0] === true ? "-- tm-db: no-transaction\n" : "",
    header.trim() === "" && outside[0] !== true ? "" : "\n",
    `-- Up Migration\n${upSql.trim()}\n`,
    hasWayBack ? `\n-- Down Migration\n${downSql.trim()}\n` : "",
  ].join("");
  return { text: converted, notes: notesOf({ up, down, outside, hasWayBack }) };
}

function notesOf(found: {
  readonly up: RegExpExecArray;
  readonly down: RegExpExecArray | null;
  readonly outside: readonly boolean[];
  readonly hasWayBack: boolean;
}): string[] {
  const { up, down, outside, hasWayBack } = found;
  const notes: string[] = [];
  if (!hasWayBack) notes.push("has no way back: its `-- migrate:down` is empty or missing");
  if (hasWayBack && outside[1] === true) {
    notes.push(
      "its way back runs in a transaction here, although dbmate has it outside: write it without `concurrently`",
    );
  }
  for (const option of `${up[1] ?? ""} ${down?.[1] ?? ""}`.split(/\s+/)) {
    if (option !== "" && !/^transaction:(true|false)$/.test(option)) notes.push(`the option ${option} was left out`);
  }
  return notes;
}

function isOnlyComments(sql: string): boolean {
  return sql.split("\n").every((line) => line.trim() === "" || line.trim().startsWith("--"));
}

/** The name that tm-db reads: `20240131120000-add-tags.sql` becomes `20240131120000_add-tags.sql`; undefined for no migration. */
export function importedName(name: string): string | undefined {
  const [, version, rest = ""] = /^(\d+)(.*)\.sql$/.exec(name) ?? [];
  if (version === undefined) return undefined;
  const what = rest.replace(/^[^\p{L}\p{N}]+/u, "");
  return `${version}_${what === "" ? "migration" : what}.sql`;
}

import type { Difference, DriftResult } from "../core/command-result.ts";
import { plural } from "./format.ts";
import { makeStyle, type Style } from "./style.ts";

const WORDS: Readonly<Record<Difference["kind"], string>> = {
  missing: "missing",
  extra: "too much",
  different: "different",
};

/** Differences, a line each; what differs in a longer text stands below its line. */
export function differenceLines(differences: readonly Difference[]): string[] {
  return differences.flatMap(({ kind, object, detail }) => {
    const [first = "", ...more] = detail.split("\n");
    return [`${WORDS[kind]}: ${object}${first === "" ? "" : `, ${first}`}`, ...more.map((line) => `  ${line}`)];
  });
}

/** What was not told, so that nobody takes it for what was looked at. */
export function leftOutLines(
  { ignored, rolesAsTheyAre }: Pick<DriftResult, "ignored" | "rolesAsTheyAre">,
  style: Style,
): string[] {
  const { differences, unmatched } = ignored;
  const parts = plural(differences.length, "difference");
  const roles = rolesAsTheyAre.join(", ");
  return [
    ...(roles === ""
      ? []
      : [`not seen: what was given by hand to ${roles}, since the role that deploys may not make them anew`]),
    ...(differences.length === 0 ? [] : [`${parts} left out by ignore of the settings: --json lists them`]),
    ...unmatched.map((entry) => `${style.yellow("warning")} ignore of the settings names what is not there: ${entry}`),
  ];
}

export function driftLines(result: DriftResult, style: Style): string[] {
  const { database, against, differences, equal, sql } = result;
  const where = `${database.address} ${style.dim(`(PostgreSQL ${database.version}, ${database.source})`)}`;
  const files = against === "deployed" ? "the files as they were deployed" : "the files as they are now";
  if (sql !== null) return sqlLines(result, files);
  if (equal) return [`${style.green("no drift")}: ${where} is what ${files} make`, ...leftOutLines(result, style)];
  const parts = plural(differences.length, "difference");
  return [
    ...differenceLines(differences).map((line) => `  ${line}`),
    `${style.red("drift")}: ${where} differs from ${files} in ${parts}`,
    "  too much: no file makes it · missing: a file makes it · different: the files' value → the database's",
    against === "deployed"
      ? "SQL that takes it back: npx tm-db drift --sql   or write down what shall stay: npx tm-db new <name>   what others look after: ignore of tm-db.config.json"
      : "SQL that takes it back: npx tm-db drift --files --sql   what is only pending: npx tm-db migrate --dry-run",
    ...leftOutLines(result, style),
  ];
}

/** A script for psql: what it is, the statements, and what they do not bring back. */
function sqlLines(result: DriftResult, files: string): string[] {
  const { database, sql, equal } = result;
  const address = oneLine(database.address);
  const notes = leftOutLines(result, makeStyle(false)).map((line) => `-- ${oneLine(line)}`);
  if (equal) return [`-- ${address} is what ${files} make`, ...notes];
  const { statements, leftOut } = sql ?? { statements: [], leftOut: [] };
  return [
    `-- Makes ${address} what ${files} make. Read it before you run it: what is too much is dropped.`,
    "begin;",
    "set local check_function_bodies = off;",
    ...statements,
    "commit;",
    ...leftOut.map((object) => `-- not in this script: ${oneLine(object)}`),
    ...notes,
  ];
}

/** A name with a line break in it must not end a comment. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

const MOST_ORPHANS = 5;

/** For `status`: what nobody's file makes, briefly. */
export function orphanLines(orphans: readonly string[], ignored: readonly string[], style: Style): string[] {
  const left = ignored.length === 0 ? [] : [`${plural(ignored.length, "orphan")} left out by ignore of the settings`];
  if (orphans.length === 0) return left;
  const more = orphans.length - MOST_ORPHANS;
  return [
    ...orphans.slice(0, MOST_ORPHANS).map((object) => `  ${style.yellow("orphan".padEnd(12))}  ${object}`),
    ...(more > 0 ? [`  ${style.yellow("orphan".padEnd(12))}  and ${more} more`] : []),
    "orphans are made by no file; for certain and in full: npx tm-db drift",
    ...left,
  ];
}

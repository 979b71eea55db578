import type { VariableForm } from "./scan-script.ts";

/** What one of psql's commands in a test file asks for. */
export type PsqlCommand =
  | { readonly kind: "include"; readonly path: string; readonly beside: boolean }
  | { readonly kind: "set"; readonly name: string; readonly value: string }
  | { readonly kind: "unset"; readonly name: string }
  | { readonly kind: "echo"; readonly line: string }
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly why: string };

export type Variables = ReadonlyMap<string, string>;

/** What is fixed already: the output is TAP, and a test file ends at its first error. */
const PSET: Readonly<Record<string, RegExp>> = {
  format: /^unaligned$/,
  tuples_only: /^(on|true|1|yes)?$/,
  pager: /^/,
  footer: /^/,
  border: /^/,
  linestyle: /^/,
  expanded: /^(off|false|0|no)$/,
};

/** Variables that change how psql itself works, with the values that change nothing here. */
const CONTROLS: Readonly<Record<string, RegExp>> = {
  ON_ERROR_STOP: /^(on|true|1|yes)?$/i,
  AUTOCOMMIT: /^(on|true|1|yes)?$/i,
  SINGLELINE: /^(off|false|0|no)$/i,
};

/** Reads a command and its arguments. @see https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMANDS */
export function readPsqlCommand(name: string, rest: string, variables: Variables): PsqlCommand {
  if (rest.includes("`")) return refused("`…` runs a program, which a test file may not");
  const words = splitArguments(rest, variables);
  const [first = "", ...others] = words;
  switch (name) {
    case "i":
    case "include":
    case "ir":
    case "include_relative":
      return first === ""
        ? refused(`\\${name} needs the name of a file`)
        : { kind: "include", path: first, beside: name === "ir" || name === "include_relative" };
    case "set":
      return readSet(first, others.join(""));
    case "unset":
      return { kind: "unset", name: first };
    case "echo":
    case "qecho":
      return { kind: "echo", line: first === "-n" ? others.join(" ") : words.join(" ") };
    case "warn":
    case "timing":
      return { kind: "nothing" };
    case "pset":
      return PSET[first]?.test(others.join(" ")) === true
        ? { kind: "nothing" }
        : refused(`\\pset ${words.join(" ")} would change the output, which must stay plain TAP`);
    default:
      return refused(
        `\\${name} is a command of psql that tm-db does not know; \\i, \\ir, \\set, \\unset, \\echo and \\pset work`,
      );
  }
}

function readSet(name: string, value: string): PsqlCommand {
  const allowed = CONTROLS[name];
  if (allowed !== undefined && !allowed.test(value)) {
    return refused(
      `\\set ${name} ${value} cannot be followed: a test file ends at its first error, and is rolled back`,
    );
  }
  return name === "" ? { kind: "nothing" } : { kind: "set", name, value };
}

function refused(why: string): PsqlCommand {
  return { kind: "refused", why };
}

/** The value of a variable as psql puts it into a statement; undefined where psql leaves the text as it is. */
export function variableText(name: string, form: VariableForm, variables: Variables): string | undefined {
  const value = variables.get(name);
  if (form === "is-set") return value === undefined ? "FALSE" : "TRUE";
  if (value === undefined) return undefined;
  if (form === "literal") {
    const quoted = `'${value.replaceAll("'", "''")}'`;
    return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
  }
  return form === "identifier" ? `"${value.replaceAll('"', '""')}"` : value;
}

const ARGUMENT = /\s*((?:'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|[^\s'"]+)+)/y;
const PART = /'((?:[^'\\]|''|\\.)*)'|"((?:[^"]|"")*)"|:(?:(\w+)|'(\w+)'|"(\w+)")|([^'":]+|.)/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", b: "\b", r: "\r", f: "\f" };

/** Words, with quotes, escapes and variables resolved. */
function splitArguments(rest: string, variables: Variables): string[] {
  const words: string[] = [];
  ARGUMENT.lastIndex = 0;
  for (let found = ARGUMENT.exec(rest); found !== null; found = ARGUMENT.exec(rest)) {
    const parts = [...(found[1] ?? "").matchAll(PART)].map((part) => argumentPart(part, variables));
    words.push(parts.join(""));
  }
  return words;
}

function argumentPart(part: RegExpMatchArray, variables: Variables): string {
  const [whole, quoted, doubled, plain, literal, identifier] = part;
  if (quoted !== undefined) {
    return quoted.replaceAll("''", "'").replaceAll(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
  }
  if (doubled !== undefined) return whole;
  if (plain !== undefined) return variableText(plain, "plain", variables) ?? whole;
  if (literal !== undefined) return variableText(literal, "literal", variables) ?? whole;
  if (identifier !== undefined) return variableText(identifier, "identifier", variables) ?? whole;
  return whole;
}

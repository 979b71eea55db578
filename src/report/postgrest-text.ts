import type { PostgrestConfigResult, SecretResult, TokenDecodeResult } from "../core/command-result.ts";
import { where } from "./format.ts";
import type { Style } from "./style.ts";

export function postgrestConfigLines(result: PostgrestConfigResult, style: Style): string[] {
  if (result.form === "database") return inDatabaseLines(result, style);
  const isFile = result.form === "file";
  const start = isFile ? `postgrest ${result.path}` : `docker run --env-file ${result.path} …`;
  return [
    result.change === "written"
      ? `${style.green("wrote")} ${result.path}, for ${where(result.database, style)}`
      : `${result.path} says it already, for ${where(result.database, style)}`,
    "  It holds secrets and is readable for you alone: keep it out of git.",
    ...(result.passwordKnown
      ? []
      : [
          "  Without the password, which is not known here: set TM_DB_AUTHENTICATOR_PASSWORD, or PostgREST reads ~/.pgpass.",
        ]),
    isFile
      ? `  Start: ${style.bold(start)}   A PostgREST that runs with it has been told to read it again.`
      : `  Start: ${style.bold(start)}   One that runs must be started anew: variables are read once.`,
  ];
}

function inDatabaseLines({ names, change, database }: PostgrestConfigResult, style: Style): string[] {
  if (change === "unchanged") return [`nothing to change in ${where(database, style)}`];
  if (names.length === 0)
    return [`${style.green("took away")} the settings of PostgREST from ${where(database, style)}`];
  return [
    `${style.green("set")} ${names.join(", ")} in ${where(database, style)}`,
    "  They come before PostgREST's file and variables. The secret and the connection are not among them.",
    "  Taken away again: npx tm-db postgrest config --in-database --reset",
  ];
}

export function tokenDecodeLines(result: TokenDecodeResult, style: Style): string[] {
  const { header, claims, signature, problems, issuedIn, expiresIn, accepted } = result;
  const words = {
    verified: () => `${style.green("verified")}: the secret is that of ${"by" in signature ? signature.by : ""}`,
    refused: () => `${style.red("refused")}: ${"because" in signature ? signature.because : ""}`,
    "not-checked": () => `${style.yellow("not verified")}: ${"because" in signature ? signature.because : ""}`,
  };
  const verdicts = { true: style.green("yes"), false: style.red("no"), null: style.yellow("nobody knows") };
  return [
    `header     ${JSON.stringify(header)}`,
    `claims     ${JSON.stringify(claims, null, 2).replaceAll("\n", "\n           ")}`,
    `issued     ${issuedIn === null ? "it does not say" : timeWords(issuedIn)}`,
    `expires    ${expiresIn === null ? "never" : timeWords(expiresIn)}`,
    `signature  ${words[signature.kind]()}`,
    ...problems.map((problem) => `claims     ${style.red("refused")}: ${problem}`),
    `PostgREST takes it: ${verdicts[`${accepted}`]}`,
  ];
}

const UNITS = [
  ["year", 365 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** `in 59 minutes`, `2 days ago`. */
export function timeWords(seconds: number): string {
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? (["second", 1] as const);
  return new Intl.RelativeTimeFormat("en").format(Math.trunc(seconds / length), unit);
}

export function rotationLines(
  { command, changed, unannounced, standby, previous, database, next }: SecretResult,
  style: Style,
): string[] {
  const done = {
    "secret prepare":
      "a new secret waits: PostgREST accepts it once it has read its configuration, and nothing signs with it",
    "secret rotate": "new tokens are signed with another secret",
    "secret revoke": changed ? "the secret before is forgotten" : "there is no secret before this one",
    "secret status":
      standby || previous !== null
        ? "an exchange of the secret is under way"
        : "no exchange of the secret is under way",
  }[command];
  return [
    `${changed ? style.green("done: ") : ""}${done} (${where(database, style)})`,
    `  waiting  ${standby ? "one, to sign next" : "none"}`,
    `  before   ${previous === null ? "none" : `one, ${previous.accepted ? "accepted until" : "whose time was over at"} ${previous.until}`}`,
    ...(unannounced ? [style.yellow("  PostgREST refuses new tokens until it has read its configuration:")] : []),
    ...next.map((line, index) => {
      const isEarly = line.endsWith("secret revoke") && previous?.accepted === true;
      return `${index === 0 ? "next:" : "then:"} ${style.bold(line)}${isEarly ? "   when that time is over" : ""}`;
    }),
  ];
}

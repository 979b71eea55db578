import { CommanderError } from "commander";
import type { CommandOptions } from "../app/context.ts";
import type { CommandResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { TOOL_VERSION } from "../core/tool-version.ts";
import { unwritable } from "../core/unwritable.ts";
import { defectText, errorText } from "../report/error-text.ts";
import { defectJson, errorJson, resultJson } from "../report/json.ts";
import { ProgressWriter } from "../report/progress.ts";
import { makeStyle, type Style } from "../report/style.ts";
import { githubAnnotations } from "../report/github.ts";
import { resultText } from "../report/text.ts";
import { confirm } from "./confirm.ts";
import type { Execute, Presenting } from "./execute.ts";
import { exitCodeOfError, exitCodeOfResult } from "./exit-code.ts";
import { buildProgram, withSubcommands } from "./program.ts";
import { type Given, onSameTarget } from "./same-target.ts";
import { findProjectDir, folderInRepository, type SharedOptions } from "./shared-options.ts";

const typed = process.argv.join(" ");
/** Whether stdout is read by a program, whose errors are JSON, too. */
const wantsJson =
  process.argv.includes("--json") ||
  /(^| )--format[ =]json( |$)/.test(typed) ||
  (/(^| )--reporter[ =]json( |$)/.test(typed) && !/(^| )--output[ =]/.test(typed));
const progress = new ProgressWriter(process.stderr);
const interrupt = new AbortController();
let jsonIndent = 2;
let given: Given = {};

const readerIsGone = new AbortController();
// A reader that has seen enough (`tm-db status | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  readerIsGone.abort();
  if (error.code === "EPIPE") return;
  const failure = unwritable("cannot write the answer to stdout", error, "send it somewhere else");
  process.exitCode = exitCodeOfError(failure);
  process.stderr.write(errorText(failure, styleFor(process.stderr)));
});
// Nobody hears what is said there any more, and that must not end a deployment (`tm-db migrate 2>&1 | head`).
process.stderr.on("error", () => {});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // The first asks for an orderly end; whoever asks twice does not want to wait.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}

// Whatever escapes is a defect of ours, and is said to be one.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    reportFailure(error);
    process.exit();
  });
}

const execute: Execute = async (shared, work, presenting = { check: false }) => {
  const print = (result: CommandResult): void => {
    progress.clear();
    printResult(result, shared, presenting);
  };
  if (presenting.isLines === true) jsonIndent = 0;
  given = shared;
  const options = {
    projectDir: findProjectDir(process.cwd(), shared.config),
    configFile: shared.config,
    databaseUrl: shared.databaseUrl,
    pg: shared.pg,
    env: process.env,
    endsProcess: true,
    // Whoever prints for ever ends with its reader.
    signal: presenting.isLines === true ? AbortSignal.any([interrupt.signal, readerIsGone.signal]) : interrupt.signal,
    onEvent: listener(shared),
    confirm: async (question: string, yes: boolean) => {
      progress.clear();
      return await confirm(question, { yes, signal: interrupt.signal });
    },
    print,
    write: (text: (style: Style) => string) => {
      progress.clear();
      process.stdout.write(text(styleFor(process.stdout)));
    },
    printFailure: reportFailure,
  };
  const result = await onServer(shared, options, work);
  print(result);
  process.exitCode = exitCodeOfResult(result, presenting);
};

/** On a container that ends with the command, where one was asked for. */
async function onServer<Options extends CommandOptions, Result>(
  { server, image }: SharedOptions,
  options: Options,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  if (server !== "container") return await work(options);
  return await (await import("../app/with-container.ts")).inContainer(options, image ?? "postgres:18", work);
}

function listener(shared: SharedOptions) {
  return shared.quiet === true ? () => {} : progress.show.bind(progress);
}

function printResult(result: CommandResult, shared: SharedOptions, { present }: Presenting): void {
  if (shared.json === true || shared.format === "json") process.stdout.write(resultJson(result, jsonIndent));
  else if (shared.format === "github" && result.command === "lint")
    process.stdout.write(githubAnnotations(result.findings, folderInRepository(shared)));
  else if (present !== undefined) process.stdout.write(present(result, styleFor(process.stdout)));
  else {
    const text = resultText(result, styleFor(process.stdout));
    // What a shell or psql reads stays as it is.
    const sql = "sql" in result ? result.sql : null;
    const isRead = result.command === "env" || (Array.isArray(sql) ? sql.length > 0 : sql !== null);
    process.stdout.write(isRead ? text : onSameTarget(text, shared));
  }
}

function styleFor(stream: NodeJS.WriteStream): Style {
  return makeStyle(stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb");
}

function reportFailure(failure: unknown): void {
  progress.clear();
  const error = interrupt.signal.aborted ? interrupted(failure) : failure;
  process.exitCode = exitCodeOfError(error);
  if (error instanceof TmDbError) {
    const told = error.with({ hint: error.hint === undefined ? undefined : onSameTarget(error.hint, given) });
    if (wantsJson) process.stdout.write(errorJson(told, jsonIndent));
    else process.stderr.write(errorText(told, styleFor(process.stderr)));
  } else if (wantsJson) process.stdout.write(defectJson(error));
  else process.stderr.write(defectText(error, TOOL_VERSION, styleFor(process.stderr)));
}

function interrupted(failure: unknown): TmDbError {
  if (failure instanceof TmDbError && failure.code === "INTERRUPTED") return failure;
  return new TmDbError("INTERRUPTED", "interrupted; what had begun was rolled back", { cause: failure });
}

/** Commander prints help and version itself; its complaints come here to be worded like every other error. */
function usageError(error: CommanderError): TmDbError {
  const words = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
  const named = program.commands
    .flatMap((entry) => withSubcommands(entry))
    .map(([name]) => name)
    .findLast((name) => words.slice(0, name.split(" ").length).join(" ") === name);
  const command = `npx tm-db${named === undefined ? "" : ` ${named}`}`;
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(error.message)?.[1]?.split(", ");
  const isCommand = error.code === "commander.unknownCommand";
  return new TmDbError("USAGE", error.message.replace(/^error: /, "").split("\n")[0] ?? error.message, {
    hint:
      meant === undefined
        ? `${command} --help`
        : isCommand
          ? `did you mean: ${meant.map((word) => `${command} ${word}`).join(", or: ")}`
          : `did you mean ${meant.join(" or ")}? All options: ${command} --help`,
  });
}

/** `help token decode`: of the innermost command that is named; the first word, if it is none, is an unknown command. */
async function help(words: readonly string[]): Promise<void> {
  const commands = new Map(program.commands.flatMap((entry) => withSubcommands(entry)));
  const named = words.map((_, index) => commands.get(words.slice(0, words.length - index).join(" ")));
  const command = named.find((found) => found !== undefined);
  if (command === undefined) await program.parseAsync(words.slice(0, 1), { from: "user" });
  else command.outputHelp();
}

const program = buildProgram(execute, process.argv[2]);
for (const [, command] of withSubcommands(program)) {
  command.exitOverride();
  command.configureOutput({ outputError: () => {} });
}

/** Parses what was typed and runs it. What goes wrong is printed, and is the exit code. */
async function main(): Promise<void> {
  try {
    const [first, ...words] = process.argv.slice(2);
    if (first === undefined) program.outputHelp();
    else if (first === "help" && words.length > 0) await help(words);
    else await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) process.exitCode ??= 0;
      // A group of commands without one of them: its help is on stderr already.
      else if (error.code === "commander.help") process.exitCode = 2;
      else reportFailure(usageError(error));
    } else reportFailure(error);
  }
}

/**
 * Ends the process when all that was printed has been written. It would end by itself, but would tidy up a heap first
 * that nobody needs any more.
 */
function end(): void {
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
}

// What cannot be written is told a moment later.
void main().then(() => setImmediate(end));

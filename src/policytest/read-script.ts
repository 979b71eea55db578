import { type Problem, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { SourceFile } from "../core/project-files.ts";
import { type PsqlCommand, readPsqlCommand, variableText } from "./psql-command.ts";
import { scanScript, type ScriptToken } from "./scan-script.ts";
import { type Standing, standingOf } from "./statement-standing.ts";

export interface ScriptOptions {
  /** What becomes of the script's transaction: `roll-back` for tests, `commit` for fixtures. */
  readonly end: "roll-back" | "commit";
  /** Reads a file that `\i` or `\ir` names; undefined if there is none. `from` is the file that names it. */
  readonly include: (path: string, from: { readonly path: string; readonly beside: boolean }) => SourceFile | undefined;
}

/** A place in one of the files of a script. */
export interface Origin {
  readonly file: SourceFile;
  readonly offset: number;
}

const DEEPEST_INCLUDE = 16;

/**
 * Reads a script and what it includes.
 * @throws TmDbError TEST_FILE_INVALID with every line that cannot be followed.
 */
export function readScript(file: SourceFile, options: ScriptOptions): ScriptParts {
  const reader = new ScriptReader(options);
  reader.read(file, 0);
  const { parts, problems } = reader.close();
  if (problems.length === 0) return parts;
  throw new TmDbError("TEST_FILE_INVALID", `${file.path} holds what tm-db cannot run`, {
    problems,
    hint: `mend ${problems.length === 1 ? "that line" : "those lines"} of ${file.path}`,
  });
}

/** A statement as the files have it. */
export interface ScriptStatement {
  readonly pieces: readonly Piece[];
  readonly origin: Origin;
  readonly echoes: readonly string[];
  readonly standing: Standing;
}

/** Text of a statement; `isVerbatim` where it stands like that in its file. */
export interface Piece extends Origin {
  readonly text: string;
  readonly isVerbatim: boolean;
}

/** A part of a file while it is being read; `value` is what a variable puts in its place. */
interface OpenPiece {
  readonly file: SourceFile;
  readonly from: number;
  to: number;
  readonly value?: string;
}

/** Reads scripts into statements, doing what psql's own commands in them say. */
class ScriptReader {
  readonly #options: ScriptOptions;
  readonly #variables = new Map<string, string>();
  readonly #statements: ScriptStatement[] = [];
  readonly #problems: Problem[] = [];
  #pieces: OpenPiece[] = [];
  #words: string[] = [];
  #origin: Origin | undefined;
  #echoes: string[] = [];
  #finishes = false;

  constructor(options: ScriptOptions) {
    this.#options = options;
  }

  read(file: SourceFile, depth: number): void {
    for (const token of scanScript(file.text)) {
      if (token.kind === "command") this.#follow(file, token, depth);
      else if (token.kind === "end") this.#end();
      else this.#add(file, token);
    }
  }

  /** The rest of a script counts as a statement even without its semicolon. */
  close(): { readonly parts: ScriptParts; readonly problems: readonly Problem[] } {
    this.#end();
    const parts = { statements: this.#statements, lastEchoes: this.#echoes, finishes: this.#finishes };
    return { parts, problems: this.#problems };
  }

  #add(file: SourceFile, token: Exclude<ScriptToken, { kind: "command" | "end" }>): void {
    // What stands before a statement is none of it.
    if (token.kind === "space" && this.#origin === undefined) return;
    this.#origin ??= { file, offset: token.from };
    if (token.kind === "text" && token.word !== undefined && this.#words.length < 12) this.#words.push(token.word);
    const value = token.kind === "variable" ? variableText(token.name, token.form, this.#variables) : undefined;
    if (value !== undefined) this.#pieces.push({ file, from: token.from, to: token.to, value });
    else this.#extend(file, token);
  }

  /** What stands side by side in one file is one piece. */
  #extend(file: SourceFile, { from, to }: ScriptToken): void {
    const last = this.#pieces.at(-1);
    if (last?.file === file && last.value === undefined && last.to === from) last.to = to;
    else this.#pieces.push({ file, from, to });
  }

  #end(): void {
    const origin = this.#origin;
    if (origin === undefined) return;
    const standing = standingOf(this.#words, this.#options.end);
    if (standing.kind === "refused") this.#problem(origin, standing.why);
    const pieces = this.#pieces.map(({ file, from, to, value }) => ({
      file,
      offset: from,
      text: value ?? file.text.slice(from, to),
      isVerbatim: value === undefined,
    }));
    this.#finishes ||= pieces.some(({ text }) => /\b(?:finish|runtests)\s*\(/i.test(text));
    this.#statements.push({ pieces, origin, echoes: this.#echoes, standing });
    this.#pieces = [];
    this.#words = [];
    this.#origin = undefined;
    this.#echoes = [];
  }

  #follow(file: SourceFile, token: Extract<ScriptToken, { kind: "command" }>, depth: number): void {
    const command = readPsqlCommand(token.name, token.rest, this.#variables);
    const origin = { file, offset: token.from };
    if (command.kind === "refused") this.#problem(origin, command.why);
    else if (command.kind === "include") this.#include(origin, command, depth);
    else if (command.kind === "set") this.#variables.set(command.name, command.value);
    else if (command.kind === "unset") this.#variables.delete(command.name);
    else if (command.kind === "echo") this.#echoes.push(command.line);
  }

  #include(origin: Origin, command: Extract<PsqlCommand, { kind: "include" }>, depth: number): void {
    const { path, beside } = command;
    if (depth >= DEEPEST_INCLUDE) return this.#problem(origin, `${path}: files include each other without an end`);
    if (this.#origin !== undefined) return this.#problem(origin, "a file cannot be included within a statement");
    const file = this.#options.include(path, { path: origin.file.path, beside });
    if (file === undefined) return this.#problem(origin, `there is no file ${path}`);
    this.read(file, depth + 1);
    this.#end();
  }

  #problem({ file, offset }: Origin, message: string): void {
    this.#problems.push({ message, location: locate(file.path, file.text, offset) });
  }
}

/** A whole script, with what it includes. */
export interface ScriptParts {
  readonly statements: readonly ScriptStatement[];
  /** Lines of `\echo` after the last statement. */
  readonly lastEchoes: readonly string[];
  /** Whether `finish()` or `runtests()` is called somewhere. */
  readonly finishes: boolean;
}

import type { CommandOptions } from "../app/context.ts";
import type { CommandResult } from "../core/command-result.ts";
import type { Style } from "../report/style.ts";
import type { SharedOptions } from "./shared-options.ts";

/** How a command's action hands over: `main.ts` runs the work, prints its result and sets the exit code. */
export type Execute = (
  shared: SharedOptions,
  work: (options: CommandOptions & Interaction) => Promise<CommandResult>,
  presenting?: Presenting,
) => Promise<void>;

/** What a command says of its result besides the result itself. */
export interface Presenting {
  /** The question was whether the database is up to date. */
  readonly check: boolean;
  /** With `--json` each document is one line, for commands that print many. */
  readonly isLines?: true;
  /** Words a result for stdout, where `resultText` is not what was asked for. */
  readonly present?: (result: CommandResult, style: Style) => string;
}

export interface Interaction {
  /** Asks on a terminal; `--yes` answers beforehand. */
  readonly confirm: (question: string, yes: boolean) => Promise<boolean>;
  /** Prints a result while the command goes on, as the last one is printed at its end. */
  readonly print: (result: CommandResult) => void;
  /** Writes to stdout while the command goes on. */
  readonly write: (text: (style: Style) => string) => void;
  /** The same for an error. */
  readonly printFailure: (failure: unknown) => void;
}

import type { CommandOptions } from "../app/context.ts";
import type { CommandResult } from "../core/command-result.ts";
import type { SharedOptions } from "./shared-options.ts";

/** How a command's action hands over: `main.ts` runs the work, prints its result and sets the exit code. */
export type Execute = (
  shared: SharedOptions,
  work: (options: CommandOptions & Interaction) => Promise<CommandResult>,
  verdict?: { readonly check: boolean },
) => Promise<void>;

export interface Interaction {
  /** Asks on a terminal; `--yes` answers beforehand. */
  readonly confirm: (question: string, yes: boolean) => Promise<boolean>;
}

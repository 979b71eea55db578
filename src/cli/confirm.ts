import { createInterface } from "node:readline/promises";
import { TmDbError } from "../core/errors.ts";
import { printable } from "../report/visible.ts";

/**
 * Asks before something is destroyed. `yes` answers beforehand. Ctrl-D is a no.
 * @throws TmDbError CONFIRMATION_NEEDED where nobody is there to ask.
 */
export async function confirm(
  question: string,
  given: { readonly yes: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  if (given.yes) return true;
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new TmDbError("CONFIRMATION_NEEDED", question, { hint: "if that is meant: the same command with --yes" });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads keys, Ctrl-C is one of them and no signal.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await terminal.question(`${printable(question, { hasColour: false })}\nGo on? [y/N] `, {
      signal: given.signal,
    });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    process.stderr.write("\n");
    if (given.signal.aborted) throw error;
    return false;
  } finally {
    terminal.close();
  }
}

import type { StopResult } from "../core/command-result.ts";
import { stopEmbedded } from "../server/embedded.ts";
import type { CommandOptions } from "./context.ts";

/** Stops the embedded server of the project; its data stays. */
export async function stop(options: Pick<CommandOptions, "projectDir" | "signal">): Promise<StopResult> {
  const { wasRunning } = await stopEmbedded({ projectDir: options.projectDir, signal: options.signal });
  return { command: "stop", wasRunning };
}

import type { StepAction } from "../core/event.ts";

/** One thing that a deployment or rollback did; true only after the commit. */
export interface DoneStep {
  readonly action: StepAction;
  readonly path: string;
  readonly ms: number;
  /** For files that were rebuilt, or went, because of another: which one. */
  readonly because?: string;
}

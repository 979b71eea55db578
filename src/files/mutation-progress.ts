import { appendFileSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { MutantVerdict } from "../core/mutation-result.ts";

/** What an interrupted run of `tm-db mutate` found, so that the next one goes on from there. */
export interface MutationProgress {
  /** Of an earlier run over the same files, by mutant. */
  readonly earlier: ReadonlyMap<string, MutantVerdict>;
  add(id: string, verdict: MutantVerdict): void;
  /** Forgets it all: the run came to its end. */
  finish(): void;
  /** Why nothing can be kept; undefined where it is. */
  readonly problem: string | undefined;
}

interface Line {
  readonly id: string;
  readonly verdict: MutantVerdict;
}

/**
 * Opens `mutate/<key>.jsonl` in the folder of the project's state, a verdict a line; `key` stands for all that verdicts
 * depend on. Where nothing can be written there, nothing is kept and the run goes on.
 */
export function openMutationProgress(stateDir: () => string, key: string): MutationProgress {
  let folder = "";
  let file = "";
  let earlier: MutationProgress["earlier"] = new Map();
  let problem: string | undefined;
  try {
    folder = join(stateDir(), "mutate");
    file = join(folder, `${key}.jsonl`);
    earlier = readEarlier(file);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    appendFileSync(file, "");
  } catch (error) {
    problem = (error as Error).message;
  }
  return {
    earlier,
    get problem() {
      return problem;
    },
    add: (id, verdict) => {
      if (problem !== undefined) return;
      try {
        appendFileSync(file, `${JSON.stringify({ id, verdict } satisfies Line)}\n`);
      } catch (error) {
        problem = (error as Error).message;
      }
    },
    finish: () => {
      if (problem !== undefined) return;
      rmSync(file, { force: true });
      try {
        rmdirSync(folder);
      } catch {
        // Another run keeps something there.
      }
    },
  };
}

/** A last line that a killed run has not written to its end is passed over. */
function readEarlier(file: string): ReadonlyMap<string, MutantVerdict> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return new Map();
  }
  const lines = text.split("\n").flatMap((line): Line[] => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
  return new Map(lines.map(({ id, verdict }) => [id, verdict]));
}

import { assertNever } from "../core/errors.ts";
import type { StepAction, TmDbEvent } from "../core/event.ts";
import { listenProgress } from "./listen-text.ts";
import { mutationProgress } from "./mutate-text.ts";
import { refreshedText, seedProgress } from "./seed-text.ts";
import { printable } from "./visible.ts";

const DOING: Readonly<Record<StepAction, string>> = {
  migrate: "migrating",
  "roll-back": "rolling back",
  apply: "applying",
  replace: "replacing",
  "take-back": "taking back",
};

/** What an event is worth on stderr: a line that stays, or one that the next line overwrites. */
export interface ProgressLine {
  readonly text: string;
  readonly isPassing: boolean;
}

/** Words an event. Passing lines are shown on terminals only. */
export function progressLine(event: TmDbEvent): ProgressLine {
  switch (event.kind) {
    case "step":
      return { text: `${DOING[event.action]} ${event.path}`, isPassing: true };
    case "tested":
      return {
        text: `${event.done} of ${event.of}: ${event.passed ? "passed" : "failed"} ${event.path}`,
        isPassing: true,
      };
    case "mutated":
      return { text: mutationProgress(event), isPassing: true };
    case "observed":
      return { text: `${event.done} of ${event.of}: ${event.persona}`, isPassing: true };
    case "waiting-for-lock":
      return { text: `waiting for ${event.holder}, which is deploying`, isPassing: false };
    case "blocked":
      return { text: `waiting for a lock that is held by ${event.holder}`, isPassing: false };
    case "retrying":
      return { text: `${event.reason}; rolled back, trying again in ${event.inMs / 1000} s`, isPassing: false };
    case "seed-loading":
    case "seed-rebuilding":
    case "seed-finishing":
      return { text: seedProgress(event), isPassing: true };
    case "refreshed":
      return { text: refreshedText(event), isPassing: false };
    case "postgrest-starting":
      return { text: `starting ${event.program}`, isPassing: false };
    case "postgrest-ready":
      return {
        text: `PostgREST is ready: ${event.url ?? "its socket"} serves ${event.database}; Ctrl-C stops it`,
        isPassing: false,
      };
    case "listening":
    case "listening-lost":
    case "serving":
    case "realtime-trouble":
      return { text: listenProgress(event), isPassing: false };
    case "waiting-for-other":
      return { text: `waiting for process ${event.pid}, which is starting the server`, isPassing: false };
    case "staging-binaries":
      return { text: `unpacking PostgreSQL ${event.version}`, isPassing: true };
    case "user-created":
      return { text: `created the system user ${event.user}, since PostgreSQL does not run as root`, isPassing: false };
    case "creating-cluster":
      return { text: `creating a PostgreSQL ${event.major} server`, isPassing: true };
    case "starting":
      return { text: `starting PostgreSQL ${event.major} on port ${event.port}`, isPassing: true };
    case "port-changed":
      return {
        text: `port ${event.from} is taken by another program; the server now has port ${event.to}`,
        isPassing: false,
      };
    case "starting-container":
      return { text: `starting a container of ${event.image}`, isPassing: false };
    case "database-created":
      return { text: `creating the database ${event.database}`, isPassing: true };
    case "project-moved":
      return { text: `the project was at ${event.from} before; its server came along`, isPassing: false };
    case "project-copied":
      return { text: `this folder is a copy of ${event.from}; it gets a server of its own`, isPassing: false };
    default:
      return assertNever(event);
  }
}

/** How often what is passing is written where it cannot pass, so that a long load in CI shows that it lives. */
const PLAIN_EVERY_MS = 10_000;

/** Writes progress to a stream: a live line on a terminal, plain lines elsewhere. */
export class ProgressWriter {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  #hasPassingLine = false;
  #lastPlain = Date.now();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(event: TmDbEvent): void {
    const { text: words, isPassing } = progressLine(event);
    const text = printable(words, { hasColour: false });
    if (isPassing && this.#stream.isTTY !== true) {
      this.#showPlain(event, text);
      return;
    }
    this.clear();
    const width = Math.max(20, (this.#stream.columns || 80) - 1);
    this.#stream.write(isPassing ? text.slice(0, width) : `${text}\n`);
    this.#hasPassingLine = isPassing;
  }

  /** A load may take minutes: elsewhere than on a terminal, it says now and then how far it is. */
  #showPlain(event: TmDbEvent, text: string): void {
    if (event.kind !== "seed-loading" && event.kind !== "seed-rebuilding" && event.kind !== "mutated") return;
    if (Date.now() - this.#lastPlain < PLAIN_EVERY_MS) return;
    this.#lastPlain = Date.now();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the live line away, before something else is printed. */
  clear(): void {
    if (this.#hasPassingLine) this.#stream.write("\r\u001b[K");
    this.#hasPassingLine = false;
  }
}

import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach } from "vitest";
import type { ServerEvent } from "../../src/core/event.ts";
import { type EmbeddedServer, type StartOptions, startEmbedded, stopEmbedded } from "../../src/server/embedded.ts";

export const isRoot = process.geteuid?.() === 0;

/** A project folder of its own, closed to everybody else, and a place for its data that leaves no trace on the machine. */
export interface TemporaryProject {
  readonly dir: string;
  readonly events: ServerEvent[];
  readonly start: (options?: Partial<StartOptions>) => Promise<EmbeddedServer>;
}

/** Memory where the system has some to offer: what is tested here is not the disk. */
function scratch(): string {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return realpathSync(tmpdir());
  }
}

/** Gives each test of a file its projects; servers are stopped and folders removed after each, also when it failed. */
export function useProjects(): {
  readonly create: () => TemporaryProject;
  readonly at: (dir: string) => TemporaryProject;
  readonly root: () => string;
} {
  let root: string | undefined;
  const dirs = new Set<string>();
  let dataHome: string | undefined;
  const makeRoot = (): string => {
    if (root === undefined) {
      root = mkdtempSync(join(scratch(), "tm-db-test-"));
      // The server's own user has to pass here; the projects below are closed.
      chmodSync(root, 0o755);
      dataHome = isRoot ? join(root, "data") : undefined;
      if (dataHome !== undefined) mkdirSync(dataHome, { mode: 0o755 });
    }
    return root;
  };
  const at = (dir: string): TemporaryProject => {
    makeRoot();
    dirs.add(dir);
    const events: ServerEvent[] = [];
    return {
      dir,
      events,
      start: (options) =>
        startEmbedded({
          projectDir: dir,
          database: "app",
          durable: false,
          onEvent: (event) => events.push(event),
          dataHome,
          ...options,
        }),
    };
  };
  afterEach(async () => {
    for (const dir of dirs) if (existsSync(dir)) await stopEmbedded({ projectDir: dir });
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    dirs.clear();
    root = undefined;
  });
  return { at, root: makeRoot, create: () => at(mkdtempSync(join(makeRoot(), "project-"))) };
}

/** Waits for something to become true; fails with `what` after ten seconds. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ten seconds: ${what}`);
    await pause(10);
  }
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** What every command is called with, for a project without a server. */
export interface OfflineOptions {
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onEvent: () => void;
}

/** A project's folder with these files, which goes when the test ends. */
export function temporaryProject(files: Readonly<Record<string, string>>): OfflineOptions {
  const projectDir = mkdtempSync(join(tmpdir(), "tm-db-project-"));
  onTestFinished(() => rmSync(projectDir, { recursive: true, force: true }));
  writeProjectFiles(projectDir, { "migrations/README.md": "", ...files });
  return { projectDir, env: {}, onEvent: () => {} };
}

/** Writes files, and the folders that they need. */
export function writeProjectFiles(projectDir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(projectDir, path)), { recursive: true });
    writeFileSync(join(projectDir, path), text);
  }
}

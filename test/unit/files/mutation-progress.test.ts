import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openMutationProgress } from "../../../src/files/mutation-progress.ts";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "tm-db-progress-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test("the next run of the same key knows what this one found, also behind a line that was cut off", () => {
  const dir = folder();
  openMutationProgress(() => dir, "one").add("a", { kind: "survived", toldApart: null });
  appendFileSync(join(dir, "mutate/one.jsonl"), '{"id":"b","verd');
  const next = openMutationProgress(() => dir, "one");
  expect([...next.earlier]).toEqual([["a", { kind: "survived", toldApart: null }]]);
  expect([...openMutationProgress(() => dir, "two").earlier]).toEqual([]);

  next.finish();
  expect(readdirSync(join(dir, "mutate"))).toEqual(["two.jsonl"]);
  openMutationProgress(() => dir, "two").finish();
  expect(existsSync(join(dir, "mutate"))).toBe(false);
});

test("where nothing can be written, nothing is kept and nothing fails", () => {
  const progress = openMutationProgress(() => {
    throw new Error("read-only file system");
  }, "one");
  progress.add("a", { kind: "survived", toldApart: null });
  progress.finish();
  expect(progress.problem).toBe("read-only file system");
  expect([...progress.earlier]).toEqual([]);
});

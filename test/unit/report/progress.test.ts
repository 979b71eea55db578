import { afterEach, expect, test, vi } from "vitest";
import { ProgressWriter } from "../../../src/report/progress.ts";

afterEach(() => {
  vi.useRealTimers();
});

function writer(isTTY: boolean): { progress: ProgressWriter; written: string[] } {
  const written: string[] = [];
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { progress: new ProgressWriter(stream as unknown as NodeJS.WriteStream), written };
}

const loading = { kind: "seed-loading", table: "a.b", total: null, rowsPerSecond: 10, secondsLeft: null } as const;

test("elsewhere than on a terminal, a long load says every ten seconds how far it is, on a line of its own", () => {
  vi.useFakeTimers();
  const { progress, written } = writer(false);
  for (let second = 1; second <= 25; second += 1) {
    vi.advanceTimersByTime(1000);
    progress.show({ ...loading, rows: 10 * second });
  }
  expect(written).toEqual(["a.b  100 rows, 10 rows/s\n", "a.b  200 rows, 10 rows/s\n"]);
});

test("on a terminal it is one line that is written over", () => {
  const { progress, written } = writer(true);
  progress.show({ ...loading, rows: 1 });
  progress.show({ kind: "seed-rebuilding", object: "index b_a_idx" });
  progress.clear();
  expect(written.join("")).toBe("a.b  1 rows, 10 rows/s\r\u001b[Kmaking index b_a_idx\r\u001b[K");
});

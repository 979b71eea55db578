import { expect, test } from "vitest";
import { applyInFoundOrder, type Attempts } from "../../../src/deploy/found-order.ts";

/** Items need others; with body checks off they need nothing, and those that name `nowhere` do not hold afterwards. */
function makeAttempts(needs: Readonly<Record<string, readonly string[]>>) {
  let applied: string[] = [];
  let isChecking = true;
  const attempts: Attempts<string> = {
    tryApply: (items) => {
      const reasons = new Map<string, unknown>();
      for (const item of items) {
        const missing = (needs[item] ?? []).filter((need) => !applied.includes(need));
        if (isChecking && missing.length > 0) reasons.set(item, `${item} misses ${missing.join(", ")}`);
        else applied.push(item);
      }
      return Promise.resolve(reasons);
    },
    findBroken: (items) =>
      Promise.resolve(items.filter((item) => needs[item]?.some((need) => !applied.includes(need)))),
    setBodyChecks: (on) => {
      isChecking = on;
      return Promise.resolve();
    },
    allOrNothing: async (work) => {
      const before = [...applied];
      const isKept = await work();
      if (!isKept) applied = before;
      return isKept;
    },
  };
  return { attempts, applied: () => applied };
}

test("what fails waits for the others", async () => {
  const { attempts, applied } = makeAttempts({ a: ["b"], b: ["c"], c: [] });
  expect(await applyInFoundOrder(["a", "b", "c"], attempts)).toEqual(new Map());
  expect(applied()).toEqual(["c", "b", "a"]);
});

test("a circle is made as a whole", async () => {
  const { attempts, applied } = makeAttempts({ a: ["b"], b: ["a"], c: ["a"] });
  expect(await applyInFoundOrder(["a", "b", "c"], attempts)).toEqual(new Map());
  expect(applied().toSorted()).toEqual(["a", "b", "c"]);
});

test("a circle with something missing leaves out just what needs it, with its own reason", async () => {
  const { attempts, applied } = makeAttempts({ a: ["b"], b: ["a"], d: ["nowhere"], e: ["d"] });
  const left = await applyInFoundOrder(["a", "b", "d", "e"], attempts);
  expect([...left]).toEqual([
    ["d", "d misses nowhere"],
    ["e", "e misses d"],
  ]);
  expect(applied().toSorted()).toEqual(["a", "b"]);
});

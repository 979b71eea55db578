import { describe, expect, test } from "vitest";
import { differenceOf, judgeClock, skewOf } from "../../../src/doctor/clock.ts";

const exact = (ms: number) => ({ ms, uncertainty: 0 });

describe("how far a clock is off", () => {
  test("is measured from the middle of the round trip, which is what is uncertain", () => {
    expect(skewOf(1_250, { sent: 1_000, received: 1_400 })).toEqual({ ms: 50, uncertainty: 200 });
  });

  test("of whole seconds is measured from their middle", () => {
    expect(skewOf(5_000, { sent: 5_400, received: 5_600 }, 1_000)).toEqual({ ms: 0, uncertainty: 600 });
  });

  test("from another clock adds what is uncertain", () => {
    expect(differenceOf({ ms: 100, uncertainty: 10 }, { ms: 300, uncertainty: 5 })).toEqual({
      ms: -200,
      uncertainty: 15,
    });
  });
});

describe("a clock", () => {
  test.each([
    [exact(0), "ok"],
    [exact(4_999), "ok"],
    [exact(5_000), "warning"],
    [exact(-30_000), "warning"],
    [exact(30_001), "problem"],
    [exact(-40_000), "problem"],
    // It may as well be right.
    [{ ms: 40_000, uncertainty: 36_000 }, "ok"],
  ] as const)("that is off by %j: %s", (skew, verdict) => {
    expect(judgeClock(skew, "the server's clock", "this machine's")).toMatchObject({ verdict });
  });

  test("is said to be ahead or behind", () => {
    expect(judgeClock(exact(9_000), "A", "B").message).toBe("A is 9.0 s ahead of B");
    expect(judgeClock(exact(-9_000), "A", "B").message).toBe("A is 9.0 s behind B");
  });
});

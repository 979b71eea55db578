import { describe, expect, test } from "vitest";
import { judgeMaterializedViews } from "../../../src/doctor/materialized-views.ts";
import { askRoot, judgeHealth, judgeRelations, judgeToken } from "../../../src/doctor/postgrest.ts";
import { judgeServer } from "../../../src/doctor/server.ts";
import { listed } from "../../../src/doctor/verdict.ts";

describe("a server", () => {
  test("of a version that tm-db is tested on is well, and a newer one a warning", () => {
    const server = (major: number) => judgeServer({ text: `${major}.1`, major, isStandby: false });
    expect(server(15)).toMatchObject([{ verdict: "ok", message: "PostgreSQL 15.1" }]);
    expect(server(18)).toMatchObject([{ verdict: "ok" }]);
    expect(server(19)).toMatchObject([{ verdict: "warning", next: "npm update tm-db" }]);
  });

  test("that is a standby takes no deployment", () => {
    expect(judgeServer({ text: "18.1", major: 18, isStandby: true })).toMatchObject([{ verdict: "warning" }]);
  });
});

test.each([
  [5, "5 s ago"],
  [-0.2, "0 s ago"],
  [600, "10 min ago"],
  [7_200, "2 h ago"],
  [864_000, "10 days ago"],
])("a materialized view of %d s ago is of %s", (age, words) => {
  const view = { schema: "stats", name: "weekly", canConcurrently: true, isPopulated: true };
  expect(judgeMaterializedViews([{ ...view, age }])).toMatchObject([
    { verdict: "ok", message: `refreshed or altered: stats.weekly ${words}` },
  ]);
  expect(judgeMaterializedViews([{ ...view, age, isPopulated: false }])).toMatchObject([{ verdict: "problem" }]);
});

describe("PostgREST", () => {
  test.each([
    [{ live: 200, ready: 200 }, "ok", /live and ready/],
    [{ live: 200, ready: 503 }, "problem", /not ready \(503\)/],
    [{ live: 500, ready: 500 }, "problem", /not live/],
    [{ live: "nothing listens there", ready: "nothing listens there" }, "problem", /no answer .* nothing listens/],
  ] as const)("whose admin server says %j", (health, verdict, message) => {
    expect(judgeHealth(health, "http://localhost:3001")).toMatchObject({
      verdict,
      message: expect.stringMatching(message),
    });
  });

  test("whose schema cache cannot be looked at is not said to be well", () => {
    const asked = ["one", "two"].map((name) => ({ schema: "api", name }));
    expect(judgeRelations({ asked, unknown: [], unclear: 2 })).toMatchObject({ verdict: "skipped" });
    expect(judgeRelations({ asked: [], unknown: [], unclear: 0 })).toMatchObject({ verdict: "skipped" });
    expect(judgeRelations({ asked, unknown: [], unclear: 0 })).toMatchObject({ verdict: "ok" });
  });

  test("that does not expose one of the schemas is told apart from one whose schema cache is old", () => {
    const [api, notes, tasks] = [
      { schema: "api", name: "users" },
      { schema: "notes", name: "notes" },
      { schema: "api", name: "tasks" },
    ];
    const judge = (...unknown: (typeof api)[]) => judgeRelations({ asked: [api, notes, tasks], unknown, unclear: 0 });
    expect(judge(notes).message).toBe(
      "PostgREST knows no table of notes: its db-schemas are others, or its schema cache is old",
    );
    expect(judge(tasks).message).toBe("PostgREST does not know api.tasks: its schema cache is old");
    expect(judge().message).toBe("PostgREST knows all 3 tables and views of api, notes");
  });

  test("that did not answer took no token", () => {
    expect(judgeToken(undefined)).toMatchObject({ verdict: "skipped" });
    expect(judgeToken({ status: 200, message: null })).toMatchObject({ verdict: "ok" });
  });

  test("that is not there is said not to be there", async () => {
    expect(await askRoot("http://127.0.0.1:4/")).toEqual({ kind: "none", because: "nothing listens there" });
  });
});

test("a list of names stays short", () => {
  expect(listed(["a", "b", "c"])).toBe("a, b, c");
  expect(listed(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
});

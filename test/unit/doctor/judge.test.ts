import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { judgeGrants } from "../../../src/doctor/grants.ts";
import { judgeMaterializedViews } from "../../../src/doctor/materialized-views.ts";
import {
  askHealth,
  askRoot,
  askWithToken,
  judgeHealth,
  judgeRelations,
  judgeToken,
} from "../../../src/doctor/postgrest.ts";
import { judgeServer } from "../../../src/doctor/server.ts";
import { listed } from "../../../src/doctor/verdict.ts";

describe("a server", () => {
  test("of a version that tm-db is tested on is well, and a newer one a warning", () => {
    const server = (major: number) => judgeServer({ text: `${major}.1`, major, isStandby: false });
    expect(server(15)).toMatchObject([{ verdict: "ok", message: "PostgreSQL 15.1" }]);
    expect(server(18)).toMatchObject([{ verdict: "ok" }]);
    expect(server(19)).toMatchObject([{ verdict: "warning", next: "install a newer tm-db, if there is one" }]);
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

test("what everybody may call is taken from them function by function, as lint asks for", () => {
  const schema = {
    name: "api",
    exists: true,
    usedBy: ["web"],
    strangers: [],
    publicMayCreate: false,
    publicTables: [],
  };
  const publicSignatures = ["api.a(n integer)", "api.a(t text)", "api.b()"];
  const roles = { authenticator: "authenticator", anonymous: "web" };
  expect(judgeGrants([{ ...schema, publicFunctions: ["a", "b"], publicSignatures }], roles)).toMatchObject([
    {
      message: "everybody may call 2 functions of api: a, b",
      next: expect.stringMatching(
        /^revoke execute on routine api\.a\(n integer\), api\.a\(t text\), api\.b\(\) from public;/,
      ),
    },
  ]);
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
    expect(judgeToken({ because: "x" })).toMatchObject({ verdict: "skipped", message: expect.stringMatching(/: x$/) });
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

/** Where answers come that somebody made up; it ends with the test. */
async function served(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an answer", () => {
  const packed = (length: number): Buffer => {
    return gzipSync(`{"info":{"version":"14.1"},"code":"PGRST301","message":"${"x".repeat(length)}"}`);
  };

  test("is read up to 16 MB, counted as it is unpacked", async () => {
    const [large, small] = await Promise.all(
      [packed(64_000_000), packed(15_000_000)].map(async (body) => {
        return await served((_, response) => {
          response.writeHead(401, { "Content-Encoding": "gzip" }).end(body);
        });
      }),
    );
    const because = "its answer is longer than 16 MB";
    expect(await askRoot(large ?? "")).toEqual({ kind: "none", because });
    expect(await askWithToken(large ?? "", "t")).toEqual({ because });
    expect(await askRoot(small ?? "")).toMatchObject({ kind: "answered", documented: "14.1" });
    expect(await askWithToken(small ?? "", "t")).toMatchObject({ status: 401 });
    // Of which nobody reads the body.
    expect(await askHealth(large ?? "")).toEqual({ live: 401, ready: 401 });
  });

  test("that does not end is waited for as long as one that does not begin", async () => {
    const [silent, endless] = await Promise.all([
      served(() => {}),
      served((_, response) => {
        const more = setInterval(() => response.write(" "), 100);
        response.on("close", () => {
          clearInterval(more);
        });
      }),
    ]);
    const answers = await Promise.all([askRoot(silent), askRoot(endless), askWithToken(endless, "t")]);
    expect(answers).toEqual([
      { kind: "none", because: "no answer within 2 s" },
      { kind: "none", because: "no end of its answer within 2 s" },
      { because: "no end of its answer within 2 s" },
    ]);
  });
});

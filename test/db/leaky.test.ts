import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openProject, openTarget } from "../../src/app/context.ts";
import { type TestDatabases, withTestDatabases } from "../../src/app/test-database.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { observeMatrix } from "../../src/matrix/observe.ts";
import { readPersonas } from "../../src/matrix/personas.ts";
import type { Matrix, MatrixCell } from "../../src/core/matrix.ts";
import { readProjectFiles } from "../../src/files/read-project.ts";
import { readTestFiles } from "../../src/files/read-tests.ts";
import { BASE, type Ending, type Leak, readLeaks, tryAttempt } from "../support/leaky.ts";
import { outputOf } from "../support/policy-tests.ts";
import { clientConfig } from "./project.ts";

const LEAKS = readLeaks();
const API = { schemas: ["api"], extraSearchPath: ["public"] };
let databases: TestDatabases;
let end: () => Promise<void>;

beforeAll(async () => {
  const { owner } = inject("server");
  const project = await openProject({
    projectDir: BASE,
    databaseUrl: connectionUrl(owner),
    env: {},
    onEvent: () => {},
  });
  const target = await openTarget(project, "must-run");
  const { fixtures } = await readTestFiles(project.config, { only: [], cwd: BASE });
  const input = { project, target, files: readProjectFiles(project.config), fixtures };
  // What withTestDatabases gives lives as long as its callback.
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let run = Promise.resolve();
  databases = await new Promise((resolve, reject) => {
    run = withTestDatabases(input, async (given) => {
      resolve(given);
      await finished;
    });
    run.catch(reject);
  });
  end = async () => {
    finish();
    await run;
  };
});

afterAll(async () => await end());

/** What the policy tests of a leak say of its database, and how the attempts on it end. */
interface Seen {
  readonly suite: readonly string[];
  readonly endings: readonly Ending[];
  readonly matrix: Matrix;
}

/** Looks at a clone of the base, with a leak or its repair applied. */
async function look(sql: string, { suite, attempts, calls = {}, personas: more = [] }: Leak): Promise<Seen> {
  const client = new pg.Client(clientConfig({ spec: await databases.open() }));
  await client.connect();
  try {
    await client.query(sql);
    const lines = await outputOf(client, suite);
    const endings: Ending[] = [];
    for (const attempt of attempts) endings.push(await tryAttempt(client, attempt));
    const personas = [...(await readPersonas(client, { anonymousRole: "anonymous" })), ...more];
    const matrix = await observeMatrix(client, {
      api: API,
      authenticator: "authenticator",
      personas,
      calls: new Map(Object.entries(calls)),
    }).catch((e: unknown) => ({ cells: [], error: String(e) }) as unknown as Matrix);
    return { suite: lines.filter((line) => /^(not )?ok /.test(line)), endings, matrix };
  } finally {
    await client.end();
  }
}

describe.each(LEAKS)("$name", (leak) => {
  const { attempts } = leak;
  let leaky: Seen;
  let repaired: Seen;

  beforeAll(async () => {
    leaky = await look(leak.leakySql, leak);
    repaired = await look(leak.repairedSql, leak);
    const key = (c: MatrixCell): string => `${c.persona} ${c.action} ${c.subject} ${c.variant}`;
    const map = (m: Matrix) => new Map(m.cells.map((c) => [key(c), JSON.stringify([c.ended, c.columns])]));
    const [l, r] = [map(leaky.matrix), map(repaired.matrix)];
    console.log(
      leak.name,
      "people",
      JSON.stringify(leaky.matrix.people),
      (leaky.matrix as { error?: string }).error,
      "\n" +
        [...new Set([...l.keys(), ...r.keys()])]
          .filter((k) => l.get(k) !== r.get(k))
          .map((k) => `   ${k}: ${r.get(k)} -> ${l.get(k)}`)
          .join("\n"),
    );
  });

  test("is a leak, as the requests of people show, and its repair closes it", () => {
    expect(leaky.endings).toEqual(attempts.map((attempt) => attempt.leaky ?? attempt.always));
    expect(repaired.endings).toEqual(attempts.map((attempt) => attempt.repaired ?? attempt.always));
    // Something is tight where it leaked, and something is the same in both.
    expect(leaky.endings).not.toEqual(repaired.endings);
    expect(attempts.some(({ always }) => always !== undefined)).toBe(true);
  });

  test("is missed by a suite that passes on both", () => {
    expect(leaky.suite.length).toBeGreaterThan(0);
    expect(leaky.suite.filter((line) => line.startsWith("not"))).toEqual([]);
    expect(repaired.suite).toEqual(leaky.suite);
  });
});

test("each is small", () => {
  expect(LEAKS.length).toBeGreaterThan(0);
  for (const { name, leakySql, repairedSql, suite } of LEAKS) {
    for (const sql of [leakySql, repairedSql, suite]) expect(sql.split("\n").length, name).toBeLessThanOrEqual(40);
  }
});

import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openProject, openTarget } from "../../src/app/context.ts";
import { type TestDatabases, withTestDatabases } from "../../src/app/test-database.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { AUDIT_RULES } from "../../src/audit/rules.ts";
import { runAudit } from "../../src/audit/run.ts";
import { observeMatrix } from "../../src/matrix/observe.ts";
import { readPersonas } from "../../src/matrix/personas.ts";
import { TmDbError } from "../../src/core/errors.ts";
import { compareMatrices } from "../../src/matrix/compare.ts";
import type { Matrix } from "../../src/core/matrix.ts";
import { readFacts } from "../../src/mutate/facts.ts";
import { planMutants } from "../../src/mutate/plan.ts";
import { loadSqlTrees } from "../../src/mutate/sql-tree.ts";
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
  await loadSqlTrees();
  const { owner } = inject("server");
  const project = openProject({
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
  readonly audit: readonly string[];
  readonly matrix: Matrix | { readonly refused: string };
}

/** Looks at the base with a leak or its repair. */
async function look(sql: string, leak: Leak): Promise<Seen> {
  return await withClone(sql, async (client) => {
    const suite = await suiteLines(client, leak.suite);
    const endings: Ending[] = [];
    for (const attempt of leak.attempts) endings.push(await tryAttempt(client, attempt));
    return { suite, endings, matrix: await observe(client, leak), audit: await audit(client) };
  });
}

/** Hands over the owner's connection to a clone of the base that was changed. */
async function withClone<T>(sql: string, callback: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(clientConfig({ spec: await databases.open() }));
  await client.connect();
  try {
    await client.query(sql);
    return await callback(client);
  } finally {
    await client.end();
  }
}

async function suiteLines(client: pg.Client, suite: string): Promise<string[]> {
  return (await outputOf(client, suite)).filter((line) => /^(not )?ok /.test(line));
}

/** The access matrix of a clone, or why there is none. */
async function observe(client: pg.Client, { calls = {}, personas = [] }: Leak): Promise<Matrix | { refused: string }> {
  const people = [...(await readPersonas(client, { anonymousRole: "anonymous" })), ...personas];
  const options = { api: API, authenticator: "authenticator", personas: people, calls: new Map(Object.entries(calls)) };
  try {
    return await observeMatrix(client, options);
  } catch (error) {
    if (error instanceof TmDbError && error.code === "IMPERSONATION_REFUSED") return { refused: error.message };
    throw error;
  }
}

/** What is slow or not described lets nobody see anything. */
const NO_LEAK = new Set(["comment-missing", "foreign-key-unindexed", "policy-column-unindexed"]);

/** What the audit finds: rules, and the objects that break them. */
async function audit(client: pg.Client): Promise<string[]> {
  await client.query("begin read only");
  try {
    const settings = { exposedSchemas: API.schemas, authenticator: "authenticator", anonymous: "anonymous" };
    const breaks = await runAudit(client, AUDIT_RULES, { ...settings, preRequest: undefined });
    const leaks = breaks.filter(({ rule }) => !NO_LEAK.has(rule));
    return leaks.map(({ rule, object }) => `${rule} ${object}`).toSorted();
  } finally {
    await client.query("rollback");
  }
}

/** Cells that let more through than before: who, what, and in which case or with which columns. */
function openedBy(before: Matrix, after: Matrix): string[] {
  const opened = compareMatrices(before, after).filter(({ kind }) => kind === "opened");
  return opened.map(({ persona, action, subject, variant, columns }) => {
    const detail = [variant, columns.join(", ")].filter(Boolean).join(": ");
    return `${persona} ${action} ${subject}${detail === "" ? "" : ` (${detail})`}`;
  });
}

/** Operators, of those wanted or of all, whose damage to a repaired database is the leak again while its suite passes. */
async function survivors({ repairedSql, suite, attempts }: Leak, wanted: readonly string[]): Promise<string[]> {
  const exploits = attempts.filter(({ leaky }) => leaky !== undefined);
  const nested = suite.replace(/^begin;$/m, "savepoint suite;").replace(/^rollback;$/m, "rollback to savepoint suite;");
  return await withClone(repairedSql, async (client) => {
    const mutants = planMutants(await readFacts(client, "authenticator"));
    const found = new Set<string>();
    for (const { operator, sql } of mutants) {
      if (found.has(operator) || (wanted.length > 0 && !wanted.includes(operator))) continue;
      await client.query("begin");
      try {
        await client.query(sql);
        const isLeak = async (): Promise<boolean> => {
          for (const exploit of exploits) if ((await tryAttempt(client, exploit)) === exploit.leaky) return true;
          return false;
        };
        if ((await isLeak()) && (await suiteLines(client, nested)).every((line) => line.startsWith("ok")))
          found.add(operator);
      } catch (error) {
        // PostgreSQL refuses some damages, as other objects need what they take away.
        if (!(error instanceof pg.DatabaseError)) throw error;
      } finally {
        await client.query("rollback");
      }
    }
    return [...found].toSorted();
  });
}

describe.each(LEAKS)("$name", (leak) => {
  const { attempts } = leak;
  let leaky: Seen;
  let repaired: Seen;

  beforeAll(async () => {
    leaky = await look(leak.leakySql, leak);
    repaired = await look(leak.repairedSql, leak);
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

  test("is shown by the access matrix, or not, as is written down", () => {
    const { matrix } = leak;
    if ("refused" in leaky.matrix || "refused" in repaired.matrix) return expect(leaky.matrix).toEqual(matrix);
    const opened = "opened" in matrix ? matrix.opened : [];
    expect(openedBy(repaired.matrix, leaky.matrix)).toEqual(opened);
    expect("unseen" in matrix).toBe(opened.length === 0);
  });

  test("is found by the audit, or not, as is written down", () => {
    const found = leaky.audit.filter((line) => !repaired.audit.includes(line));
    expect(found).toEqual("found" in leak.audit ? leak.audit.found : []);
    expect("unseen" in leak.audit).toBe(found.length === 0);
  });

  test("is shown by mutation, as a damage that the suite does not notice, or not, as is written down", async () => {
    const { mutation } = leak;
    const wanted = "survivors" in mutation ? mutation.survivors : [];
    expect(await survivors(leak, wanted)).toEqual(wanted);
  });
});

test("each is small", () => {
  expect(LEAKS.length).toBeGreaterThan(0);
  for (const { name, leakySql, repairedSql, suite } of LEAKS) {
    for (const sql of [leakySql, repairedSql, suite]) expect(sql.split("\n").length, name).toBeLessThanOrEqual(40);
  }
});

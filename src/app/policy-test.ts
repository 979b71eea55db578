import type { CommandOptions } from "./context.ts";
import { openProject, openTarget } from "./context.ts";
import { withTestDatabases } from "./test-database.ts";
import { withClient } from "../db/client.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { readTestFiles } from "../files/read-tests.ts";
import type { Value } from "../policytest/bind-values.ts";
import { type Assertion, type Caller, type Claims, type Query, TestSession } from "../policytest/test-session.ts";

export type { Claims, Value };

/** Where the tests run, and how a test file says that it is over. */
export interface PolicyTestOptions {
  /** The test framework's: `afterAll` of vitest and jest, `after` of node:test. The database is dropped then. */
  readonly afterAll: (close: () => Promise<void>) => void;
  /** The folder of the project; the current one if not given. */
  readonly projectDir?: string | undefined;
  readonly configFile?: string | undefined;
  /** A server to make the database on. If not given, as for every command: DATABASE_URL, PG*, else the embedded one. */
  readonly databaseUrl?: string | undefined;
}

/** A statement, with values for its `$1`, `$2`, … where it has some. */
export type Statement = string | { readonly text: string; readonly values: readonly Value[] };

/** Somebody who sends requests. What an expectation runs is undone; an expectation that fails throws a PolicyTestFailure. */
export interface Person {
  /** Rows of a statement; what it changes stays until the test ends. An error of PostgreSQL is thrown as `pg` throws it. */
  readonly query: <Row = Record<string, unknown>>(statement: Statement) => Promise<Row[]>;
  /** The query shows so many rows; without a number, one or more. */
  readonly expectRows: (query: Statement, count?: number) => Promise<void>;
  /** The query shows no row, and shows some to the owner of the tables. */
  readonly expectNoRows: (query: Statement) => Promise<void>;
  /** The statement changes so many rows; without a number, one or more. */
  readonly expectAllowed: (statement: Statement, count?: number) => Promise<void>;
  /** The statement changes no row, and would change some for the owner of the tables. */
  readonly expectFiltered: (statement: Statement) => Promise<void>;
  /** A privilege is missing. */
  readonly expectDenied: (statement: Statement) => Promise<void>;
  /** A row would violate the `with check` of the policies. */
  readonly expectRefused: (statement: Statement) => Promise<void>;
  /** The request fails, and PostgREST would answer it with that HTTP status. */
  readonly expectStatus: (statement: Statement, status: number) => Promise<void>;
}

/** An expectation did not hold. The message says who should have got what, and what they got. */
export class PolicyTestFailure extends Error {
  override readonly name = "PolicyTestFailure";

  /** `calledFrom` is a stack that begins with the line of the test, which is what the reader looks for. */
  constructor(message: string, calledFrom: string | undefined) {
    super(message);
    if (calledFrom !== undefined) this.stack = calledFrom.replace(/^[^\n]*/, () => `${this.name}: ${message}`);
  }
}

/** What a test gets. Everything that happens through it is rolled back when the test ends. */
export interface PolicyTest {
  /** Rows of a statement as the owner of the tables, whom no policy binds: to arrange what is tested. */
  readonly query: <Row = Record<string, unknown>>(statement: Statement) => Promise<Row[]>;
  /** Somebody whom a fixture made; the claims are put over those of their token. */
  readonly asUser: (name: string, claims?: Claims) => Person;
  /** Whoever sends a token with this role and these claims. */
  readonly asRole: (role: string, claims?: Claims) => Person;
  /** Whoever sends no token. */
  readonly asAnonymous: () => Person;
}

/**
 * Policy tests in TypeScript. The answer makes a function for `test(…)` of a callback; each runs in a transaction of its
 * own, one after the other, in a database that the first of them opens: a clone of the one that `tm-db test` uses, with
 * the same people in it.
 * @throws TmDbError within the test, for example when the project's files cannot be deployed.
 */
export function policyTest(
  options: PolicyTestOptions,
): (body: (test: PolicyTest) => Promise<void>) => () => Promise<void> {
  const database = new TestDatabase(options);
  options.afterAll(async () => {
    await database.close();
  });
  return (body) => async () => {
    await database.use(async (session) => {
      const steps = new Queue();
      await session.inTransaction(async () => {
        try {
          await body(toolsOf(session, steps));
        } finally {
          // A step that the test did not wait for must not run after the rollback.
          await steps.end();
        }
      });
    });
  };
}

/** Runs what it is given one after the other, since one connection can do no more. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  async add<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => undefined);
    return await result;
  }

  async end(): Promise<void> {
    await this.#last;
  }
}

/** The database of a test file, from the first test until `close`. */
class TestDatabase {
  readonly #options: PolicyTestOptions;
  readonly #tests = new Queue();
  readonly #closed: Promise<void>;
  #endOfLife: () => void = () => {};
  #session: Promise<TestSession> | undefined;
  #life: Promise<void> = Promise.resolve();

  constructor(options: PolicyTestOptions) {
    this.#options = options;
    this.#closed = new Promise((resolve) => {
      this.#endOfLife = resolve;
    });
  }

  async use(test: (session: TestSession) => Promise<void>): Promise<void> {
    this.#session ??= this.#open();
    const session = await this.#session;
    await this.#tests.add(async () => {
      await test(session);
    });
  }

  async close(): Promise<void> {
    this.#endOfLife();
    await this.#life;
  }

  async #open(): Promise<TestSession> {
    return await new Promise((resolve, reject) => {
      this.#life = this.#live(resolve).catch(reject);
    });
  }

  async #live(onOpen: (session: TestSession) => void): Promise<void> {
    const { projectDir = process.cwd(), configFile, databaseUrl } = this.#options;
    const options: CommandOptions = { projectDir, configFile, databaseUrl, env: process.env, onEvent: () => {} };
    const project = openProject(options);
    const files = readProjectFiles(project.config);
    const { fixtures } = await readTestFiles(project.config, { only: [], cwd: projectDir });
    const target = await openTarget(project, "start");
    await withTestDatabases({ project, target, files, fixtures }, async (databases) => {
      const clone = await databases.open();
      await withClient(clone, {}, async (client) => {
        onOpen(new TestSession(client));
        await this.#closed;
      });
    });
  }
}

function toolsOf(session: TestSession, steps: Queue): PolicyTest {
  const person = (caller: Caller): Person => personOf(caller, { session, steps });
  return {
    query: async <Row>(statement: Statement) =>
      await steps.add(async () => await session.rows<Row>(queryOf(statement))),
    asUser: (name, claims = {}) => person({ kind: "user", name, claims }),
    asRole: (role, claims = {}) => person({ kind: "role", role, claims }),
    asAnonymous: () => person({ kind: "anonymous" }),
  };
}

function personOf(
  caller: Caller,
  { session, steps }: { readonly session: TestSession; readonly steps: Queue },
): Person {
  const expectation = (name: Assertion["name"]) => {
    const expected = async (statement: Statement, number?: number): Promise<void> => {
      const frames: { stack?: string } = {};
      Error.captureStackTrace(frames, expected);
      const { text, values } = queryOf(statement);
      const message = await steps.add(
        async () => await session.check(caller, { name, statement: text, values, number }),
      );
      if (message !== undefined) throw new PolicyTestFailure(message, frames.stack);
    };
    return expected;
  };
  return {
    query: async <Row>(statement: Statement) =>
      await steps.add(async () => await session.rowsAs<Row>(caller, queryOf(statement))),
    expectRows: expectation("can_see"),
    expectNoRows: expectation("sees_nothing"),
    expectAllowed: expectation("lets"),
    expectFiltered: expectation("filters"),
    expectDenied: expectation("denies"),
    expectRefused: expectation("refuses"),
    expectStatus: expectation("raises"),
  };
}

function queryOf(statement: Statement): Query {
  return typeof statement === "string" ? { text: statement, values: [] } : statement;
}

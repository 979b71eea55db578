import type { DatabaseClient } from "../db/client.ts";
import { bindValues, type Value } from "./bind-values.ts";

/** Who makes a request: by the name that a fixture or the test itself gave them, by their token, or without one. */
export type Caller =
  | { readonly kind: "user"; readonly name: string; readonly claims: Claims }
  | { readonly kind: "role"; readonly role: string; readonly claims: Claims }
  | { readonly kind: "anonymous" };

export type Claims = Readonly<Record<string, unknown>>;

/** An assertion of the schema `tests`, with what it takes after the statement. */
export interface Assertion {
  readonly name: "can_see" | "sees_nothing" | "lets" | "filters" | "denies" | "refuses" | "raises";
  readonly statement: string;
  readonly values: readonly Value[];
  /** Rows, or the HTTP status. */
  readonly number?: number | undefined;
}

export interface Query {
  readonly text: string;
  readonly values: readonly Value[];
}

/** A test that is written in TypeScript: one transaction in a database with pgTAP and the helpers, rolled back at its end. */
export class TestSession {
  readonly #client: DatabaseClient;

  constructor(client: DatabaseClient) {
    this.#client = client;
  }

  /** Runs a callback in a transaction that is rolled back, whatever happens. */
  async inTransaction<T>(callback: () => Promise<T>): Promise<T> {
    await this.#client.query("begin");
    try {
      await this.#client.query("select no_plan()");
      return await callback();
    } finally {
      await this.#client.query("rollback");
    }
  }

  /** Rows of a statement as whoever runs the tests. An error leaves the transaction usable. */
  async rows<Row>({ text, values }: Query): Promise<Row[]> {
    await this.#client.query("savepoint statement");
    try {
      const { rows } = await this.#client.query(text, [...values]);
      await this.#client.query("release savepoint statement");
      return rows as Row[];
    } catch (error) {
      await this.#client.query("rollback to savepoint statement; release savepoint statement");
      throw error;
    }
  }

  /** Rows of a statement as a caller; what it changes stays until the test ends. */
  async rowsAs<Row>(caller: Caller, query: Query): Promise<Row[]> {
    return await this.#as(caller, async () => await this.rows<Row>(query));
  }

  /** What the assertion says when it fails, without the TAP around it; undefined when it holds. */
  async check(caller: Caller, { name, statement, values, number }: Assertion): Promise<string | undefined> {
    return await this.#as(caller, async () => {
      const given = [bindValues(statement, values), ...(number === undefined ? [] : [number]), "it"];
      const places = given.map((value, index) => `$${index + 1}::${typeof value === "number" ? "integer" : "text"}`);
      const { rows } = await this.#client.query<{ readonly tap: string }>(
        `select tests.${name}(${places.join(", ")}) as tap`,
        given,
      );
      const tap = rows[0]?.tap ?? "";
      return tap.startsWith("ok") ? undefined : `${saidIn(tap)}\nstatement: ${statement.trim()}`;
    });
  }

  async #as<T>(caller: Caller, callback: () => Promise<T>): Promise<T> {
    await this.#become(caller);
    try {
      return await callback();
    } finally {
      await this.#client.query("select tests.back_to_owner()");
    }
  }

  async #become(caller: Caller): Promise<void> {
    switch (caller.kind) {
      case "user":
        await this.#client.query("select tests.as_user($1, $2)", [caller.name, JSON.stringify(caller.claims)]);
        return;
      case "role":
        await this.#client.query("select tests.as_role($1, $2)", [caller.role, JSON.stringify(caller.claims)]);
        return;
      case "anonymous":
        await this.#client.query("select tests.as_anonymous()");
    }
  }
}

/** The diagnosis below `not ok` and pgTAP's own `# Failed test`, which repeats the title. */
function saidIn(tap: string): string {
  const lines = tap.split("\n").filter((line) => line.startsWith("# "));
  const said = lines.slice(lines.findIndex((line) => line.startsWith("# Failed test")) + 1);
  return said.map((line) => line.slice(2)).join("\n");
}

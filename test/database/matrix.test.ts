import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import type pg from "pg";
import { beforeAll, describe, expect, inject, test } from "vitest";
import type { Matrix, MatrixCell, RowCounts } from "../../src/core/matrix.ts";
import { MATRIX_JSON, MATRIX_MARKDOWN, matrixJson } from "../../src/core/matrix-document.ts";
import { matrixMarkdown } from "../../src/report/matrix/markdown.ts";
import { useMatrix } from "../support/matrix.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const { client, observe } = useMatrix(db);

interface Person {
  readonly name: string;
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

let matrix: Matrix;
let authenticator: pg.Client;
let people: Person[];

beforeAll(async () => {
  matrix = await observe();
  authenticator = await db.connect("authenticator");
  const made = await db.rows<Person>("select name, claims ->> 'role' as role, claims from tests.people order by name");
  people = [{ name: "anonymous", role: "api_anonymous", claims: {} }, ...made];
});

const committed = (name: string): string => readFileSync(new URL(`../policies/${name}`, import.meta.url), "utf8");

// Whatever the version and the locale of the server.
test("the committed matrix is what the files make: else npx tm-db matrix, and look at the difference", () => {
  expect(matrixJson(matrix)).toBe(committed(MATRIX_JSON));
  expect(matrixMarkdown(matrix)).toBe(committed(MATRIX_MARKDOWN));
});

test("a second look, inside of a transaction, shows the same and leaves nothing", async () => {
  const counts = "select (select count(*) from api.tasks) as tasks, (select count(*) from pg_class) as relations";
  const before = await db.rows(counts);
  await client().query("begin");
  expect(await observe()).toEqual(matrix);
  await client().query("select 1");
  await client().query("commit");
  expect(await db.rows(counts)).toEqual(before);
});

/** A statement as somebody, without any code of tm-db: the number of rows, or the SQLSTATE. */
async function byHand({ role, claims }: Person, sql: string): Promise<number | string> {
  await authenticator.query("begin");
  try {
    await authenticator.query(`set local role ${role}`);
    await authenticator.query("select set_config('request.jwt.claims', $1, true)", [
      JSON.stringify({ ...claims, role }),
    ]);
    const { rowCount, rows } = await authenticator.query<{ count?: string }>(sql);
    return rows[0]?.count === undefined ? (rowCount ?? 0) : Number(rows[0].count);
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await authenticator.query("rollback");
  }
}

function cellOf(person: Person, subject: string, action: MatrixCell["action"]): MatrixCell {
  const found = matrix.cells.find(
    (cell) => cell.persona === person.name && cell.subject === subject && cell.action === action,
  );
  if (found === undefined) throw new Error(`there is no cell ${person.name} ${action} ${subject}`);
  return found;
}

const reached = (rows: RowCounts): number => Object.values(rows).reduce((sum, [n]) => sum + n, 0);

/** What a cell says of the statement as a whole; undefined where rows were tried one by one. */
function said({ ended }: MatrixCell): number | string | undefined {
  if (ended.kind === "rows") return ended.otherwise === undefined ? reached(ended.rows) : undefined;
  return ended.kind === "denied" ? "42501" : ended.kind === "error" ? ended.sqlState : ended.kind;
}

describe("the matrix agrees with requests that are made by hand:", () => {
  test("select", async () => {
    const compared: number[] = [];
    for (const person of people) {
      for (const { schema, name } of matrix.relations) {
        const hand = await byHand(person, `select count(*) from ${schema}.${name}`);
        expect([person.name, name, said(cellOf(person, `${schema}.${name}`, "select"))]).toEqual([
          person.name,
          name,
          hand,
        ]);
        if (typeof hand === "number") compared.push(hand);
      }
    }
    // None, some and all are among them.
    expect(new Set(compared).size).toBeGreaterThan(3);
  });

  test("delete and update", async () => {
    const writable = {
      comments: "content",
      project_members: "joined_at",
      projects: "name",
      tasks: "title",
      users: "name",
    };
    for (const person of people) {
      for (const [name, column] of Object.entries(writable)) {
        const deleted = said(cellOf(person, `api.${name}`, "delete"));
        if (deleted !== undefined)
          expect([person.name, name, await byHand(person, `delete from api.${name}`)]).toEqual([
            person.name,
            name,
            deleted,
          ]);
        const value = column === "joined_at" ? "now()" : "'New'";
        const hand = await byHand(person, `update api.${name} set ${column} = ${value}`);
        const { columns = [], ended } = cellOf(person, `api.${name}`, "update");
        expect([person.name, name, columns.includes(column)]).toEqual([
          person.name,
          name,
          typeof hand === "number" && hand > 0,
        ]);
        if (columns.includes(column) && ended.kind === "rows") expect(reached(ended.rows)).toBe(hand);
      }
    }
  });

  test("insert, in one's own name and in another's, where one belongs and elsewhere", async () => {
    const insert = (project: string, author: string): string =>
      `insert into api.tasks (title, project_id, created_by) values ('New', (select tests.project('${project}')), (select tests.id('${author}')))`;
    const outcome = async (name: string, variant: string, sql: string): Promise<unknown[]> => {
      const person = people.find((each) => each.name === name) as Person;
      const cell = matrix.cells.find(
        (each) =>
          each.persona === name && each.subject === "api.tasks" && each.action === "insert" && each.variant === variant,
      );
      return [cell?.ended, await byHand(person, sql)];
    };
    const let1 = { kind: "rows", rows: { all: [1, 1] } };
    expect(await outcome("Cora", "shared, as oneself", insert("Apollo", "Cora"))).toEqual([let1, 1]);
    expect(await outcome("Cora", "shared, as another", insert("Apollo", "Arthur"))).toEqual([
      { kind: "refused" },
      "42501",
    ]);
    expect(await outcome("Cora", "other, as oneself", insert("Borealis", "Cora"))).toEqual([
      { kind: "refused" },
      "42501",
    ]);
    expect(await outcome("Vera", "shared, as oneself", insert("Apollo", "Vera"))).toEqual([
      { kind: "refused" },
      "42501",
    ]);
  });

  test("whose rows they are", async () => {
    for (const person of people.filter(({ name }) => name !== "anonymous")) {
      const me = String(person.claims["user_id"]);
      const own = `${me} in (created_by, assigned_to)`;
      const mine = `project_id in (select project_id from api.project_members where user_id = ${me})`;
      const { ended } = cellOf(person, "api.tasks", "select");
      const counts = ended.kind === "rows" ? ended.rows : {};
      const count = async (condition: string): Promise<number> =>
        Number(await byHand(person, `select count(*) from api.tasks where ${condition}`));
      const all = async (condition: string): Promise<number> =>
        Number(await db.value(`select count(*) from api.tasks where ${condition}`));
      for (const [name, condition] of [
        ["own", `coalesce(${own}, false)`],
        ["shared", `not coalesce(${own}, false) and ${mine}`],
        ["other", `not coalesce(${own}, false) and not (${mine})`],
      ] as const) {
        const [n, of] = [await count(condition), await all(condition)];
        expect([person.name, name, counts[name] ?? [0, 0]]).toEqual([person.name, name, [n, of]]);
      }
    }
  });

  const psql = ["/usr/bin/psql", "/usr/lib/postgresql/15/bin/psql"].find((path) => existsSync(path));
  test.skipIf(psql === undefined)("in psql", async () => {
    const { owner, authenticatorPassword } = inject("server");
    for (const person of people.slice(0, 4)) {
      const script = [
        "begin",
        `set local role ${person.role}`,
        `set local request.jwt.claims to '${JSON.stringify({ ...person.claims, role: person.role })}'`,
        ...(person.name === "anonymous"
          ? []
          : ["select 'tasks ' || count(*) from api.tasks", "delete from api.comments"]),
        "rollback",
      ];
      const { stdout } = await promisify(execFile)(
        psql ?? "",
        [
          "-XAtq",
          "-h",
          owner.host,
          "-p",
          String(owner.port),
          "-U",
          "authenticator",
          "-d",
          db.name,
          "-c",
          `${script.join(";\n")};`,
        ],
        { env: { PGPASSWORD: authenticatorPassword } },
      );
      if (person.name === "anonymous") expect(stdout).toBe("");
      else expect(stdout.trim()).toBe(`tasks ${said(cellOf(person, "api.tasks", "select"))}`);
    }
  });
});

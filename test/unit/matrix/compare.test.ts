import { describe, expect, test } from "vitest";
import type { Ended, Matrix, MatrixCell, RowCounts } from "../../../src/core/matrix.ts";
import { matrixJson, parseMatrix } from "../../../src/core/matrix-document.ts";
import { causesOf, compareMatrices } from "../../../src/matrix/compare.ts";

const cell = (ended: Ended, more: Partial<MatrixCell> = {}): MatrixCell => ({
  persona: "ann",
  subject: "api.tasks",
  action: "select",
  variant: "",
  ended,
  ...more,
});

const matrix = (...cells: readonly MatrixCell[]): Matrix => ({
  personas: [{ name: "ann", role: "web_user" }],
  people: null,
  relations: [],
  functions: [],
  cells,
});

const rows = (reached: number, of: number | null): Ended => ({ kind: "rows", rows: { all: [reached, of] } });
const denied: Ended = { kind: "denied" };
const error: Ended = { kind: "error", sqlState: "P0001", by: "statement" };
const undecided: Ended = { kind: "undecided", why: "nobody knows" };

const kindOf = (before: Ended, after: Ended): string | undefined =>
  compareMatrices(matrix(cell(before)), matrix(cell(after)))[0]?.kind;

describe("between two endings", () => {
  test.each<[string, Ended, Ended, string | undefined, string | undefined]>([
    ["the same", rows(1, 2), rows(1, 2), undefined, undefined],
    ["a privilege and rows", denied, rows(1, 2), "opened", "closed"],
    ["a privilege that reaches nothing", denied, rows(0, 2), "opened", "closed"],
    ["more rows", rows(0, 2), rows(1, 2), "opened", "closed"],
    ["more rows than before, where nobody knows of how many", rows(1, null), rows(3, null), "opened", "closed"],
    ["the same share of more rows", rows(2, 2), rows(3, 3), "other", "other"],
    ["a smaller share, though of more rows", rows(2, 2), rows(3, 6), "closed", "opened"],
    ["an error and rows", error, rows(1, 1), "opened", "closed"],
    ["a refusal and an error", { kind: "refused" }, error, "other", "other"],
    ["a call that was refused before, and runs", error, { kind: "ran" }, "opened", "closed"],
    ["what nobody knew, and rows", undecided, rows(1, 1), "other", "other"],
    ["no privilege, and what nobody knows", denied, undecided, "opened", "closed"],
    [
      "a request that was turned away, and one that fails later",
      { ...error, by: "pre-request" },
      error,
      "opened",
      "closed",
    ],
  ])("%s", (_, before, after, there, back) => {
    expect([kindOf(before, after), kindOf(after, before)]).toEqual([there, back]);
  });
});

test("rows of others count by themselves", () => {
  const before: Ended = { kind: "rows", rows: { own: [2, 2], other: [0, 3] } };
  const after: Ended = { kind: "rows", rows: { own: [0, 2], other: [1, 3] } };
  expect(kindOf(before, after)).toBe("opened");
});

test("columns that came and went are changes of their own", () => {
  const before = matrix(cell(rows(1, 1), { columns: ["id", "name"] }));
  const after = matrix(cell(rows(1, 1), { columns: ["id", "email"] }));
  expect(compareMatrices(before, after).map(({ kind, columns }) => [kind, columns])).toEqual([
    ["opened", ["email"]],
    ["closed", ["name"]],
  ]);
  expect(compareMatrices(matrix(cell(denied)), after).map(({ columns }) => columns)).toEqual([[]]);
});

test("what opened comes first", () => {
  const [a, b] = [{ persona: "ann" }, { persona: "ben" }];
  const before = matrix(cell(rows(1, 1), a), cell(denied, b));
  const after = matrix(cell(denied, a), cell(rows(1, 1), b));
  expect(compareMatrices(before, after).map(({ kind, persona }) => [kind, persona])).toEqual([
    ["opened", "ben"],
    ["closed", "ann"],
  ]);
});

test("a call that has got arguments is compared with what was known without them", () => {
  const call = { subject: "api.f(int)", action: "execute" as const };
  const before = matrix(cell(undecided, call));
  const after = matrix(
    cell({ kind: "ran" }, { ...call, variant: "with one" }),
    cell(denied, { ...call, variant: "other" }),
  );
  expect(compareMatrices(before, after).map(({ kind, variant }) => [kind, variant])).toEqual([
    ["closed", "other"],
    ["other", "with one"],
  ]);
});

describe("other questions are no other rights", () => {
  const people = { column: "auth.users.id", claim: "sub", memberships: [] };
  const told = (before: Matrix, after: Matrix): string[] =>
    compareMatrices(before, after).map(({ kind, subject, variant }) => [kind, subject, variant].join(" ").trim());
  const both = (before: Matrix, after: Matrix): string[][] => [told(before, after), told(after, before)];
  const split = (rows: RowCounts): Ended => ({ kind: "rows", rows });

  test("the same rows under other names", () => {
    const before = matrix(cell(rows(2, 4)));
    const after = { ...matrix(cell(split({ other: [2, 4] }))), people };
    expect(both(before, after)).toEqual([["other api.tasks"], ["other api.tasks"]]);
    const divided = { ...matrix(cell(split({ own: [1, 1], shared: [1, 2], other: [0, 1] }))), people };
    expect(both(before, divided)).toEqual([["other api.tasks"], ["other api.tasks"]]);
    // Somebody's own row that became a shared one.
    const joined = { ...divided, cells: [cell(split({ shared: [2, 3], other: [0, 1] }))] };
    expect(both(divided, joined)).toEqual([["other api.tasks"], ["other api.tasks"]]);
    const unknown = { ...matrix(cell(split({ other: [2, null] }))), people };
    expect(told(matrix(cell(rows(2, null))), unknown)).toEqual(["other api.tasks"]);
  });

  test("more rows under other names are more all the same", () => {
    const before = matrix(cell(rows(2, 4)));
    const after = { ...matrix(cell(split({ own: [1, 1], other: [2, 3] }))), people };
    expect(both(before, after)).toEqual([["opened api.tasks"], ["closed api.tasks"]]);
  });

  test("inserts in other names, and columns that name somebody", () => {
    const insert = { action: "insert" as const };
    const before = matrix(cell(rows(1, 1), insert), cell(rows(2, 2), { action: "update", columns: ["by"] }));
    const after = {
      ...matrix(
        cell(rows(1, 1), { ...insert, variant: "as oneself" }),
        cell({ kind: "refused" }, { ...insert, variant: "as another" }),
        cell(rows(2, 2), { action: "update", columns: ["by = oneself", "by = another"] }),
      ),
      people,
    };
    const all = ["other api.tasks", "other api.tasks as another", "other api.tasks as oneself"];
    expect(both(before, after).map((list) => list.toSorted())).toEqual([all, all]);
    // The control: whoever could not insert at all, can now.
    expect(told({ ...before, cells: [cell(denied, insert)] }, after)).toEqual([
      "opened api.tasks as oneself",
      "opened api.tasks as another",
      "other api.tasks",
    ]);
  });

  test("somebody who was not there, and a call that nobody defined", () => {
    const before = matrix(cell(rows(1, 1)), cell({ kind: "ran" }, { action: "execute", variant: "one" }));
    const after = matrix(
      ...before.cells,
      cell(rows(1, 1), { persona: "new" }),
      cell({ kind: "ran" }, { action: "execute", variant: "another" }),
    );
    const all = ["other api.tasks", "other api.tasks another"];
    expect(both(before, after)).toEqual([all, all]);
  });

  test("a schema that is exposed no more; but a table that is gone from one, and one that came, are told", () => {
    const relation = (schema: string, name: string): Matrix["relations"][number] => {
      return { schema, name, kind: "table", rows: 1, own: [], shared: [], rowSecurity: true, policies: [] };
    };
    const exposing = (...names: readonly (readonly [schema: string, name: string, ended?: Ended])[]): Matrix => ({
      ...matrix(...names.map(([schema, name, ended = rows(1, 1)]) => cell(ended, { subject: `${schema}.${name}` }))),
      relations: names.map(([schema, name]) => relation(schema, name)),
    });
    const api = exposing(["api", "tasks"]);
    const more = exposing(["api", "tasks"], ["billing", "paid"], ["billing", "open", { kind: "refused" }]);
    expect(told(more, api)).toEqual(["other billing.paid", "other billing.open"]);
    expect(told(api, more)).toEqual(["opened billing.paid", "other billing.open"]);
    const table = exposing(["api", "tasks"], ["api", "notes"], ["api", "none", { kind: "refused" }]);
    expect(both(api, table)).toEqual([
      ["opened api.notes", "other api.none"],
      ["closed api.notes", "other api.none"],
    ]);
    const [, change] = compareMatrices(api, table);
    expect(change === undefined ? undefined : causesOf(change, api, table)).toEqual([]);
  });
});

describe("what is behind a change", () => {
  const relation = {
    schema: "api",
    name: "tasks",
    kind: "table" as const,
    rows: 1,
    own: [],
    shared: [],
    rowSecurity: true,
    policies: [
      { name: "see", command: "select" as const, permissive: true, roles: ["web_user"] },
      { name: "write", command: "update" as const, permissive: true, roles: ["web_user"] },
      { name: "anon", command: "select" as const, permissive: true, roles: ["web_anon"] },
    ],
  };
  const names = (before: Matrix, after: Matrix): string[] =>
    compareMatrices(before, after).flatMap((change) =>
      causesOf(change, before, after).map((cause) => `${cause.kind} ${"name" in cause ? cause.name : ""}`.trim()),
    );

  test("are the policies for the command and the role", () => {
    const before = { ...matrix(cell(rows(0, 1))), relations: [relation] };
    expect(names(before, { ...before, cells: [cell(rows(1, 1))] })).toEqual(["policy see"]);
  });

  test("is the policy that is new", () => {
    const after = { ...matrix(cell(rows(1, 1))), relations: [relation] };
    const before = { ...matrix(cell(rows(0, 1))), relations: [{ ...relation, policies: relation.policies.slice(1) }] };
    expect(names(before, after)).toEqual(["policy see"]);
    const all = { name: "all", command: "all" as const, permissive: true, roles: ["PUBLIC"] };
    const more = { ...after, relations: [{ ...relation, policies: [...relation.policies, all] }] };
    expect(names({ ...before, relations: [relation] }, more)).toEqual(["policy all"]);
  });

  test("is the grant first, where there was none", () => {
    const after = { ...matrix(cell(rows(1, 1))), relations: [relation] };
    expect(names({ ...after, cells: [cell(denied)] }, after)).toEqual(["grant", "policy see"]);
  });

  test("is row level security, where it is off, and the view itself", () => {
    const after = { ...matrix(cell(rows(1, 1))), relations: [{ ...relation, rowSecurity: false }] };
    expect(names({ ...after, cells: [cell(rows(0, 1))] }, after)).toEqual(["row-security"]);
    const view = { ...after, relations: [{ ...relation, kind: "view" as const }] };
    expect(names({ ...view, cells: [cell(rows(0, 1))] }, view)).toEqual(["relation tasks"]);
  });
});

describe("the file", () => {
  test("holds what was written", () => {
    const written = matrix(cell(rows(1, 2), { columns: ["a"] }), cell(denied));
    expect(parseMatrix(matrixJson(written))).toEqual({ format: 1, ...written });
    expect(matrixJson(parseMatrix(matrixJson(written)) as Matrix)).toBe(matrixJson(written));
  });

  test.each([
    "",
    "<<<<<<< ours",
    "{}",
    "[]",
    "null",
    '{"format": 2, "personas": [], "relations": [], "functions": [], "cells": []}',
    '{"format": 1, "personas": [], "relations": [], "functions": [], "cells": [1]}',
  ])("that says %j is none", (text) => {
    expect(parseMatrix(text)).toBeUndefined();
  });
});

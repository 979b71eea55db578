import { describe, expect, test } from "vitest";
import type { Ended, Matrix, MatrixCell } from "../../../src/core/matrix.ts";
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

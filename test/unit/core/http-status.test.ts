import { expect, test } from "vitest";
import { httpStatus } from "../../../src/core/http-status.ts";

const failed = { message: "", anonymous: false };

test.each([
  ["42501", 403],
  ["23503", 409],
  ["23505", 409],
  ["23514", 400],
  ["22023", 400],
  ["22P02", 400],
  ["25006", 405],
  ["25001", 500],
  ["40001", 500],
  ["42883", 404],
  ["42P01", 404],
  ["42P17", 500],
  ["42703", 400],
  ["53300", 503],
  ["53400", 500],
  ["57014", 500],
  ["57P01", 503],
  ["08006", 503],
  ["28000", 403],
  ["P0001", 400],
  ["P0002", 500],
  ["PT401", 401],
  ["PT404", 404],
  ["PTxyz", 500],
  ["XX000", 500],
])("SQLSTATE %s is %i", (sqlState, status) => {
  expect(httpStatus({ ...failed, sqlState })).toBe(status);
});

test("a missing privilege is 401 for somebody without a token", () => {
  expect(httpStatus({ ...failed, sqlState: "42501", anonymous: true })).toBe(401);
});

test("a role that is not there is 401, any other wrong parameter 400", () => {
  expect(httpStatus({ ...failed, sqlState: "22023", message: 'role "x" does not exist' })).toBe(401);
});

test("a guard against statements without WHERE is the client's fault", () => {
  expect(httpStatus({ ...failed, sqlState: "21000", message: "UPDATE requires a WHERE clause" })).toBe(400);
  expect(httpStatus({ ...failed, sqlState: "21000" })).toBe(500);
});

test.each([
  ['{"status": 418, "headers": {}}', 418],
  ["no JSON", 500],
  [undefined, 500],
])("SQLSTATE PGRST takes its status from DETAIL %s", (detail, status) => {
  expect(httpStatus({ ...failed, sqlState: "PGRST", detail })).toBe(status);
});

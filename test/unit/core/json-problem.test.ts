import { expect, test } from "vitest";
import { jsonProblem } from "../../../src/core/json-problem.ts";

test.each([
  ['{ "a": 1 }', undefined],
  ['{\n  "a": 1,\n}', [3, 1]],
  ['{\n  "a": api\n}', [2, 8]],
  ['{ "api": 1, "b": a }', [1, 18]],
  ['{ "a": tru, "b": 1 }', [1, 11]],
  ["// why\n{}", [1, 1]],
  ['{ "a": "b" "c": 1 }', [1, 12]],
  ['{ "a": "b"', [1, 11]],
  ["", [1, 1]],
  ["{} {}", [1, 4]],
])("%j: the place of what is wrong", (text, place) => {
  const location = jsonProblem("x.json", text)?.location;
  expect(location === undefined ? undefined : [location.line, location.column]).toEqual(place);
});

test("the words do not repeat the file", () => {
  expect(jsonProblem("x.json", '{\n  "a": api\n}')?.message).toBe("Unexpected token 'a'");
});

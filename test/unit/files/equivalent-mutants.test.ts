import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/config.ts";
import { readEquivalentMutants } from "../../../src/files/equivalent-mutants.ts";
import { temporaryProject } from "../../support/temporary-project.ts";

function read(text?: string) {
  const files: Record<string, string> = text === undefined ? {} : { "test/policies/equivalent-mutants.json": text };
  return readEquivalentMutants(loadConfig(temporaryProject(files).projectDir, undefined));
}

test("a list of damages and reasons; none is none", () => {
  expect(read()).toEqual([]);
  expect(read('[{ "mutant": "m", "reason": "why" }]')).toEqual([{ mutant: "m", reason: "why" }]);
});

test.each([
  ["{", /is not JSON/],
  ["{}", /is no list/],
  [
    '[{ "mutant": "m" }, { "mutant": "m", "reason": " " }, { "mutant": "m", "reason": "r", "x": 1 }]',
    /holds entries that are none/,
  ],
])("%s is refused", (text, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) as string }),
  );
});

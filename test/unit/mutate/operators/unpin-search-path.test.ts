import { expect, test } from "vitest";
import { unpinSearchPath } from "../../../../src/mutate/operators/unpin-search-path.ts";
import { mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

test("only where it is pinned", async () => {
  const routines = [
    routineOf({ source: "begin end", settings: ["work_mem=1MB", 'search_path=""'] }),
    routineOf({ name: "g", source: "begin end" }),
  ];
  const mutants = await mutantsOf(unpinSearchPath, { routines });
  expect(mutants.map(({ sql, before }) => [sql, before])).toEqual([
    ["alter function api.f() reset search_path", 'set search_path = ""'],
  ]);
});

import { expect, test } from "vitest";
import { dropTrigger } from "../../../../src/mutate/operators/drop-trigger.ts";
import { mutantsOf } from "../../../support/mutation-facts.ts";

test("each trigger is dropped", async () => {
  const definition = "CREATE TRIGGER touch BEFORE UPDATE ON api.notes FOR EACH ROW EXECUTE FUNCTION api.touch()";
  const mutants = await mutantsOf(dropTrigger, {
    triggers: [{ schema: "api", relation: "notes", name: "touch", definition }],
  });
  expect(mutants.map(({ sql, before }) => [sql, before])).toEqual([
    ['drop trigger "touch" on "api"."notes"', "BEFORE UPDATE ON api.notes FOR EACH ROW EXECUTE FUNCTION api.touch()"],
  ]);
});

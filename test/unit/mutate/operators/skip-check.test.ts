import { expect, test } from "vitest";
import { skipCheck } from "../../../../src/mutate/operators/skip-check.ts";
import { mutantsOf, routineOf } from "../../../support/mutation-facts.ts";

const BODY = `
declare
  home bigint;
begin
  perform auth.require('admin');
  perform from api.notes for update;
  -- if false then raise
  if not exists (select from api.notes) then
    raise exception 'none' using hint = 'make one; or two';
  elsif home > 1 then
    raise exception 'too many';
  elsif home > 0 then
    home := 0;
  end if;
  if home = 7 then
    raise notice 'seven';
  end if;
  raise exception 'never; ever' using errcode = 'PT404';
end
`;

test("conditions under which an error is raised, calls, and errors outside of any branch; nothing else", async () => {
  const mutants = await mutantsOf(skipCheck, { routines: [routineOf({ source: BODY })] });
  expect(mutants.map(({ before }) => before)).toEqual([
    "if not exists (select from api.notes) then raise",
    "if home > 1 then raise",
    "perform auth.require('admin')",
    "raise exception 'never; ever' using errcode = 'PT404'",
  ]);
  const changed = mutants.map(({ sql }) => sql.split("\n").filter((line) => !BODY.includes(line)));
  expect(changed.map((lines) => lines.filter((line) => /^ {2}/.test(line)))).toEqual([
    ["  if false then"],
    ["  elsif false then"],
    ["  null;"],
    ["  null;"],
  ]);
});

test("the second of two equal conditions is another one than the first", async () => {
  const source = "begin if x then raise exception 'a'; end if; if x then raise exception 'b'; end if; end";
  const mutants = await mutantsOf(skipCheck, { routines: [routineOf({ source })] });
  expect(mutants.map(({ id }) => id.endsWith("(2)"))).toEqual([false, true]);
  expect(mutants[1]?.sql).toContain("if x then raise exception 'a'; end if; if false then raise exception 'b'");
});

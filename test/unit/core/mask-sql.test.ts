import { expect, test } from "vitest";
import { maskSql } from "../../../src/core/mask-sql.ts";

test.each([
  ["a string", "select 'a;b' ;", "select       ;"],
  ["a doubled quote", "select 'it''s;' ;", "select          ;"],
  ["a backslash in a plain string", "select 'a\\' ; x", "select      ; x"],
  ["a backslash in an escape string", "select e'a\\';' ;", "select         ;"],
  ["a name that ends in e before a string", "select name'x;' ;", "select name     ;"],
  ["a quoted name", 'select "a;""b" ;', "select         ;"],
  ["a dollar-quoted body", "as $f$ a; $$ b; $f$ ;", "as                  ;"],
  ["a parameter, which opens nothing", "select $1; a$b$c;", "select $1; a$b$c;"],
  ["a nested block comment", "a /* ; /* ; */ ; */ b;", "a                   b;"],
  ["a line comment", "a -- ;'\nb;", "a \u0020\u0020\u0020\u0020\u0020\nb;"],
  ["a string that does not end", "a 'b;", "a    "],
])("blanks out %s", (_what, sql, masked) => {
  expect(maskSql(sql, { comments: true })).toBe(masked);
});

test("keeps line comments on request, and line ends always", () => {
  expect(maskSql("-- Down Migration\n'x\ny' z", { comments: false })).toBe("-- Down Migration\n  \n   z");
});

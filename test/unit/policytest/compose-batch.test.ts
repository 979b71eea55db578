import { describe, expect, test } from "vitest";
import { checksum } from "../../../src/core/checksum.ts";
import type { SourceFile } from "../../../src/core/project-files.ts";
import { composeBatch } from "../../../src/policytest/compose-batch.ts";
import { shuffle } from "../../../src/policytest/order.ts";

const FRAME =
  /^(begin|rollback|commit|select pg_catalog\.setval[^]*|deallocate all|discard sequences|unlisten \*|select pg_catalog\.pg_adv[^]*)$/;

function source(path: string, text: string): SourceFile {
  return { path, text, checksum: checksum(text) };
}

// A promise, so that what it throws can be caught like everything else.
// eslint-disable-next-line @typescript-eslint/require-await
async function compose(
  text: string,
  files: Readonly<Record<string, string>> = {},
  end: "roll-back" | "commit" = "roll-back",
) {
  return composeBatch(source("test/policies/a.sql", text), {
    end,
    include: (path, { beside }) => {
      const name = beside ? `test/policies/${path}` : path;
      return files[name] === undefined ? undefined : source(name, files[name]);
    },
  });
}

/** The statements that are sent, without those that frame every file. */
async function statements(text: string, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { sql, statements: parts } = await compose(text, files);
  return parts
    .filter(({ role }) => role !== "touched")
    .map(({ start }, index, all) => sql.slice(start, all[index + 1]?.start ?? sql.length))
    .map((part) => part.replace(/\s*;\s*(select t\.role_name[^]*)?$/, "").trim())
    .filter((part) => !FRAME.test(part));
}

async function problems(text: string, end: "roll-back" | "commit" = "roll-back"): Promise<string[]> {
  const error: unknown = await compose(text, {}, end).catch((reason: unknown) => reason);
  const { problems: found = [] } = error as {
    problems?: { message: string; location: { line: number; column: number } }[];
  };
  return found.map(({ message, location }) => `${location.line}:${location.column} ${message}`);
}

describe("statements end where psql ends them", () => {
  test.each([
    ["in quotes", "select 'a;''b', \"c;d\", E'\\';', $$;$$, $x$ $$ ; $x$; select 2"],
    ["in comments, which nest", "select 1 /* ; /* ; */ ; */ + 1 -- ;\n; select 2"],
    ["in parentheses", "create rule r as on insert to t do also (select 1; select 2); select 2"],
    [
      "in a body",
      "create function f() returns int language sql begin atomic select case when true then 1 end; end; select 2",
    ],
  ])("a semicolon %s ends nothing", async (_, text) => {
    const found = await statements(text);
    expect(found).toHaveLength(2);
    expect(found[1]).toBe("select 2");
  });

  test("a procedure that is named begin, outside of a function's body, opens nothing", async () => {
    expect(await statements("select 1 as begin; select 2")).toHaveLength(2);
  });

  test("quotes that never end go to PostgreSQL as they are", async () => {
    expect(await statements("select 1; select 'x; select 2")).toEqual(["select 1", "select 'x; select 2"]);
  });
});

describe("psql's variables", () => {
  test("stand as text, as a literal, as an identifier", async () => {
    const found = await statements(`\\set t 'it''s' \n\\set n 'my"col'\nselect :'t', :"n", :n, :{?t}, :{?u}`);
    expect(found).toEqual([`select 'it''s', "my""col", my"col, TRUE, FALSE`]);
  });

  test.each([
    "select 1::text",
    "select a[1:2]",
    "select ':t'",
    "select $$:t$$",
    "select :unknown",
    "do $$ begin x := 1; end $$",
  ])("are not looked for in %s", async (text) => {
    expect(await statements(`\\set t 1\n\\set text 1\n${text}`)).toEqual([text]);
  });

  test("a backslash in a value cannot end the literal", async () => {
    expect(await statements("\\set p 'a\\\\'\nselect :'p'")).toEqual(["select  E'a\\\\'"]);
  });

  test("are forgotten by \\unset", async () => {
    expect(await statements("\\set t 1\n\\unset t\nselect :t")).toEqual(["select :t"]);
  });
});

describe("psql's commands", () => {
  test("\\i looks from the project's folder and \\ir from the file's, and variables are shared", async () => {
    const files = { "lib/a.sql": "\\set n 1\nselect 'a';", "test/policies/b.sql": "select 'b'" };
    expect(await statements("\\i lib/a.sql\n\\ir b.sql\nselect :n", files)).toEqual([
      "select 'a'",
      "select 'b'",
      "select 1",
    ]);
  });

  test("an error in an included file is placed there", async () => {
    const batch = await compose("select 1;\n\\i lib/a.sql\n", { "lib/a.sql": "-- x\nselect ü, bad;" });
    const at = [...batch.sql.slice(0, batch.sql.indexOf("bad"))].length;
    expect(batch.locate(at)).toMatchObject({ file: "lib/a.sql", line: 2, column: 11 });
  });

  test("files that include each other are refused", async () => {
    const found = await compose("\\i x.sql", { "x.sql": "\\i x.sql" }).catch((error: unknown) => error);
    expect(found).toMatchObject({
      code: "TEST_FILE_INVALID",
      problems: [{ message: "x.sql: files include each other without an end" }],
    });
  });

  test("the head that pgTAP's documentation gives runs", async () => {
    const head =
      "\\unset ECHO\n\\set QUIET 1\n\\pset format unaligned\n\\pset tuples_only true\n\\pset pager off\n" +
      "\\set ON_ERROR_ROLLBACK 1\n\\set ON_ERROR_STOP true\n";
    expect(await statements(`${head}select 1;`)).toEqual(["select 1"]);
  });

  test("every command that cannot be followed is named with its place", async () => {
    expect(
      await problems(
        "select 1 \\gset\n;\n  \\! ls\n\\set x `date`\n\\pset format html\n\\set ON_ERROR_STOP off\n\\i none.sql",
      ),
    ).toEqual([
      expect.stringMatching(/^1:10 \\gset is a command of psql that tm-db does not know/),
      expect.stringMatching(/^3:3 \\! is/),
      expect.stringMatching(/^4:1 `…` runs a program/),
      expect.stringMatching(/^5:1 \\pset format html would change the output/),
      expect.stringMatching(/^6:1 \\set ON_ERROR_STOP off cannot be followed/),
      "7:1 there is no file none.sql",
    ]);
  });
});

describe("transactions", () => {
  const kinds = async (text: string): Promise<string[]> =>
    (await compose(text)).sql
      .split("\n")
      .filter((line) => /^(begin|start|rollback|commit|savepoint|release|select t)/.test(line.trim()))
      .map((line) => line.replace(/;$/, "").replace(/ from tests.*/, ""));

  test("a file's own begin and rollback are the whole transaction", async () => {
    expect(await kinds("begin;\nselect 1;\nrollback;")).toEqual([
      "begin",
      "select t.role_name, t.command, t.relation::oid",
      "rollback",
    ]);
  });

  test("a file's isolation level is kept", async () => {
    expect((await kinds("begin isolation level serializable;\nselect 1;"))[0]).toBe(
      "begin isolation level serializable",
    );
  });

  test("several transactions are savepoints, and each says what it touched before it goes", async () => {
    expect(await kinds("begin;\nselect 1;\nrollback;\nbegin;\nselect 2;\nrollback;")).toEqual([
      "begin",
      "savepoint tm_db_test",
      "select t.role_name, t.command, t.relation::oid",
      "rollback to savepoint tm_db_test",
      "release savepoint tm_db_test",
      "savepoint tm_db_test",
      "select t.role_name, t.command, t.relation::oid",
      "rollback to savepoint tm_db_test",
      "release savepoint tm_db_test",
      "select t.role_name, t.command, t.relation::oid",
      "rollback",
    ]);
  });

  test("a rollback to a savepoint of the file's own stays as it is", async () => {
    expect(await statements("savepoint a; rollback to a; rollback work to savepoint a;")).toEqual([
      "savepoint a",
      "rollback to a",
      "rollback work to savepoint a",
    ]);
  });

  test.each(["commit;", "end;", "prepare transaction 'x';", "copy t from stdin;", "copy t to stdout;"])(
    "%s is refused",
    async (text) => {
      expect(await problems(`select 1;\n${text}`)).toEqual([expect.stringMatching(/^2:1 .*(test file|stand)/)]);
    },
  );

  test("a prepared statement is no transaction, and copy from a file is none of ours", async () => {
    expect(await problems("prepare x as select 1; copy t from '/tmp/x';")).toEqual([]);
  });

  test("a fixture is one transaction", async () => {
    expect(await problems("begin; select 1;", "commit")).toEqual([
      expect.stringMatching(/^1:1 begin cannot stand here/),
    ]);
  });
});

test("the same seed gives the same order, another one another, and nothing is lost", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  expect(shuffle(items, 7)).toEqual(shuffle(items, 7));
  expect(shuffle(items, 7)).not.toEqual(shuffle(items, 8));
  expect(shuffle(items, 7).toSorted((a, b) => a - b)).toEqual(items);
});

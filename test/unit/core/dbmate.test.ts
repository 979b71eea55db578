import { expect, test } from "vitest";
import { convertDbmate, hasDbmateMarkers, importedName } from "../../../src/core/dbmate.ts";

test("both ways and the header stay as they were, between tm-db's markers", () => {
  const text =
    "-- Why.\n-- migrate:up\ncreate table a (id int);\n\n-- about b\nselect 1;\n\n-- migrate:down\ndrop table a;\n\n";
  expect(convertDbmate(text)).toEqual({
    text: "-- Why.\n\n-- Up Migration\ncreate table a (id int);\n\n-- about b\nselect 1;\n\n-- Down Migration\ndrop table a;\n",
    notes: [],
  });
});

test("transaction:false becomes the directive for the way up; that the way back is in one all the same is said", () => {
  const both = convertDbmate(
    "-- migrate:up transaction:false\nselect 1;\n-- migrate:down transaction:false\nselect 2;\n",
  );
  expect(both).toEqual({
    text: "-- tm-db: no-transaction\n\n-- Up Migration\nselect 1;\n\n-- Down Migration\nselect 2;\n",
    notes: [expect.stringContaining("without `concurrently`")],
  });
  const back = convertDbmate("-- migrate:up\nselect 1;\n-- migrate:down transaction:false\nselect 2;\n");
  expect(back).toEqual({
    text: "-- Up Migration\nselect 1;\n\n-- Down Migration\nselect 2;\n",
    notes: [expect.stringContaining("without `concurrently`")],
  });
  const one = convertDbmate("--migrate:up transaction:false\nselect 1;\n-- migrate:down\nselect 2;\n");
  expect(one).toMatchObject({
    text: expect.stringMatching(/^-- tm-db: no-transaction\n/),
    notes: [],
  });
  const other = convertDbmate("-- migrate:up transaction:true\nselect 1;\n-- migrate:down\nselect 2;\n");
  expect(other).toMatchObject({ text: expect.not.stringContaining("no-transaction"), notes: [] });
});

test("a way back that is empty or missing is none, and unknown options are named", () => {
  for (const down of ["", "-- migrate:down\n", "-- migrate:down\n\n  -- nothing\n"]) {
    expect(convertDbmate(`-- migrate:up colour:red\nselect 1;\n${down}`)).toEqual({
      text: "-- Up Migration\nselect 1;\n",
      notes: [expect.stringContaining("no way back"), "the option colour:red was left out"],
    });
  }
});

test.each([
  ["no line", "select 1;\n-- migrate:down\nselect 2;\n"],
  ["stands before", "-- migrate:down\nselect 2;\n-- migrate:up\nselect 1;\n"],
  ["a statement", "select 0;\n-- migrate:up\nselect 1;\n-- migrate:down\n"],
  ["no line", "--  migrate:upwards\nselect 1;\n"],
])("what dbmate itself refuses is refused: %s", (words, text) => {
  expect(convertDbmate(text)).toEqual(expect.stringContaining(words));
});

test("names keep their number", () => {
  expect(importedName("20240131120000_add_tags.sql")).toBe("20240131120000_add_tags.sql");
  expect(importedName("20240131120000-add-tags.sql")).toBe("20240131120000_add-tags.sql");
  expect(importedName("001.sql")).toBe("001_migration.sql");
  expect(importedName("schema.sql")).toBeUndefined();
  expect(importedName("001_notes.txt")).toBeUndefined();
});

test("only a line of its own is a marker", () => {
  expect(hasDbmateMarkers("select 1;\n-- migrate:up\n")).toBe(true);
  expect(hasDbmateMarkers("--migrate:down transaction:false")).toBe(true);
  expect(hasDbmateMarkers("-- about migrate:up\nselect '-- migrate:up';")).toBe(false);
});

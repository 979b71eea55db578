import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPassword, passwordFromFile } from "../../../src/server/pgpass.ts";
import { connectionSpecFromUrl } from "../../../src/server/url.ts";

const query = { host: "h", port: 5432, database: "d", user: "u" };

test.each([
  ["h:5432:d:u:secret", "secret"],
  ["*:*:*:*:secret", "secret"],
  ["# h:5432:d:u:comment\n\nx:5432:d:u:other\nh:5432:d:u:secret\nh:5432:d:u:later", "secret"],
  ["h:5432:d:u:a\\:b\\\\c", "a:b\\c"],
  ["h:5432:d:u:a:b", "a:b"],
  ["h:5432:d:u:secret\r\n", "secret"],
  ["h:5433:d:u:secret", undefined],
  ["h:5432:d:v:secret", undefined],
  ["h:5432:d", undefined],
  ["", undefined],
])("the first matching line of %j gives %j", (text, expected) => {
  expect(findPassword(text, query)).toBe(expected);
});

test("a socket is found by its folder and as localhost", () => {
  expect(findPassword("localhost:*:*:*:a", { ...query, host: "/run" })).toBe("a");
  expect(findPassword("/run:*:*:*:b", { ...query, host: "/run" })).toBe("b");
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tm-db-pgpass-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("a file that others may read is ignored, as by libpq", () => {
  writeFileSync(join(dir, ".pgpass"), "h:5432:d:u:secret\n", { mode: 0o600 });
  expect(passwordFromFile(query, { HOME: dir })).toBe("secret");
  chmodSync(join(dir, ".pgpass"), 0o640);
  expect(passwordFromFile(query, { HOME: dir })).toBeUndefined();
});

test("the file fills in what a URL and PGPASSWORD leave out, and PGPASSFILE names another", () => {
  writeFileSync(join(dir, "passwords"), "h:5432:d:u:secret\n", { mode: 0o600 });
  const read = (url: string, environment: NodeJS.ProcessEnv): string | undefined =>
    connectionSpecFromUrl(url, "--database-url", environment).password;
  const PGPASSFILE = join(dir, "passwords");
  expect(read("postgres://u@h/d", { PGPASSFILE })).toBe("secret");
  expect(read(`postgres://u@h/d?passfile=${encodeURIComponent(PGPASSFILE)}`, { HOME: "/nonexistent" })).toBe("secret");
  expect(read("postgres://u@h/d", { PGPASSFILE, PGPASSWORD: "variable" })).toBe("variable");
  expect(read("postgres://u:url@h/d", { PGPASSFILE, PGPASSWORD: "variable" })).toBe("url");
});

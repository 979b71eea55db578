import pg from "pg";
import { expect, test } from "vitest";
import { dropDatabase } from "../../../src/db/drop-database.ts";
import { recreateDatabase } from "../../../src/db/recreate-database.ts";

/** What PostgreSQL answers, word for word. */
const NO_SPACE = { code: "53100", message: 'could not extend file "base/5/16384": No space left on device' };
const NO_CHECKPOINT = { code: "XX000", routine: "RequestCheckpoint", message: "checkpoint request failed" };

/** A client of a server that refuses to make and drop databases, for that reason. */
function clientWith({ message, ...facts }: Partial<pg.DatabaseError> & { readonly message: string }): pg.Client {
  const error = Object.assign(new pg.DatabaseError(message, message.length, "error"), { severity: "ERROR", ...facts });
  const query = async (sql: string): Promise<unknown> => {
    if (/^(create|drop) database/.test(sql)) throw error;
    return await Promise.resolve({ rows: [{ may_create: true }] });
  };
  return { query } as unknown as pg.Client;
}

test.each([
  ["dropDatabase", dropDatabase],
  ["recreateDatabase", recreateDatabase],
])("%s says that the server's disk is full", async (_, work) => {
  await expect(work(clientWith(NO_SPACE), "app")).rejects.toMatchObject({
    code: "DISK_FULL",
    sqlState: "53100",
    message: NO_SPACE.message,
    hint: "make room on the server's disk, and run the command again",
  });
  await expect(work(clientWith(NO_CHECKPOINT), "app")).rejects.toMatchObject({
    code: "DISK_FULL",
    hint: "make room on the server's disk, and run the command again; if there is room, the server's log says what failed",
  });
});

test("a statement of tm-db's own that PostgreSQL refuses for another reason is nobody's to mend", async () => {
  const other = { code: "58030", message: "could not fsync file: Input/output error" };
  await expect(dropDatabase(clientWith(other), "app")).rejects.toMatchObject({
    code: "SQL_ERROR",
    sqlState: "58030",
    hint: "run the command again; the server's log may say more",
  });
});

test("what is no answer of PostgreSQL's stays what it is", async () => {
  const client = { query: () => Promise.reject(new RangeError("mine")) } as unknown as pg.Client;
  await expect(dropDatabase(client, "app")).rejects.toThrow(RangeError);
});

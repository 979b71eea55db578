import { expect, test } from "vitest";
import { withClient } from "../../src/db/client.ts";
import { withScratchDatabase } from "../../src/db/scratch-database.ts";
import { withTemplate } from "../../src/server/template.ts";
import { useProjects } from "./temporary-project.ts";

const projects = useProjects();

test("a database that PostgreSQL does not make is told in its words, and not as a defect", async () => {
  const { connection, superuser } = await projects.create().start();
  const maintenance = { ...connection, database: "postgres" };
  const template = {
    maintenance,
    project: "0123456789ab",
    key: () => Promise.resolve("0123456789abcdef"),
    searchPath: "public",
    build: () => Promise.resolve(),
  };
  const nothing = (): Promise<void> => Promise.resolve();
  // The control.
  await withScratchDatabase({ connection, maintenance }, {}, nothing);
  // As `drop database` leaves it that was cut off.
  await withClient(superuser, {}, async (client) => {
    await client.query("update pg_database set datconnlimit = -2 where datname = 'template0'");
  });
  const refusal = { code: "SQL_ERROR", sqlState: "55000", message: expect.stringContaining("template0") };
  await expect(withScratchDatabase({ connection, maintenance }, {}, nothing)).rejects.toMatchObject(refusal);
  await expect(withTemplate(template, nothing)).rejects.toMatchObject(refusal);
});

import { readdirSync, readFileSync } from "node:fs";
import type pg from "pg";
import { beforeAll } from "vitest";
import { installTestHelpers } from "../../src/policytest/helpers.ts";
import { installPgtap, TEST_SEARCH_PATH } from "../../src/policytest/pgtap.ts";
import { API, type ReferenceDatabase } from "./reference-database.ts";

export const TEST_API = { ...API, anonymousRole: "api_anonymous", authenticatorRole: "authenticator" };

const SUITE = new URL("../policies/", import.meta.url);

/** Names of the files of `test/policies/`, without fixtures. */
export const POLICY_TESTS: readonly string[] = readdirSync(SUITE).filter((name) => /^[^_].*\.sql$/.test(name));

export function readPolicyTest(name: string): string {
  return readFileSync(new URL(name, SUITE), "utf8");
}

/** Puts pgTAP, the helpers and the fixtures into a test file's database; the answer is the owner's connection to it. */
export function usePolicyTests(db: ReferenceDatabase): () => pg.Client {
  let client: pg.Client;
  beforeAll(async () => {
    client = await db.connect("owner");
    await installPgtap(client);
    await client.query(`set search_path = ${TEST_SEARCH_PATH}`);
    await installTestHelpers(client, TEST_API);
    await client.query(readPolicyTest("_fixtures.sql"));
  });
  return () => client;
}

/** Runs a script and answers what psql would print of it, line by line. */
export async function outputOf(client: pg.Client, sql: string): Promise<string[]> {
  try {
    const results = (await client.query({ text: sql, rowMode: "array" })) as unknown as
      pg.QueryArrayResult | pg.QueryArrayResult[];
    return [results]
      .flat()
      .flatMap(({ rows }) => rows)
      .flatMap((row) => row.map(String).join("|").split("\n"))
      .filter((line) => line !== "");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

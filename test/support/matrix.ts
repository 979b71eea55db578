import type pg from "pg";
import { beforeAll } from "vitest";
import type { Matrix } from "../../src/core/matrix.ts";
import { refreshFilledViews } from "../../src/db/refresh.ts";
import { observeMatrix } from "../../src/matrix/observe.ts";
import { readCalls, readPersonas } from "../../src/matrix/personas.ts";
import { readPolicyTest, TEST_API, usePolicyTests } from "./policy-tests.ts";
import type { ReferenceDatabase } from "./reference-database.ts";

/** Puts all fixtures into a test file's database; the answer observes its matrix, and gives the owner's connection to it. */
export function useMatrix(db: ReferenceDatabase): {
  readonly client: () => pg.Client;
  readonly observe: () => Promise<Matrix>;
} {
  const client = usePolicyTests(db);
  beforeAll(async () => {
    await client().query(readPolicyTest("_matrix.sql"));
    await refreshFilledViews(client());
  });
  const observe = async (): Promise<Matrix> =>
    await observeMatrix(client(), {
      api: TEST_API,
      authenticator: TEST_API.authenticatorRole,
      personas: await readPersonas(client(), { anonymousRole: TEST_API.anonymousRole }),
      calls: await readCalls(client()),
    });
  return { client, observe };
}

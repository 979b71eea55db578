import { expect, inject, test } from "vitest";
import { audit } from "../../src/app/audit.ts";
import { AUDIT_RULES } from "../../src/audit/rules.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

test("the audit finds nothing in the reference database, and has asked every rule", async () => {
  const { owner, template } = inject("server");
  const databaseUrl = connectionUrl({ ...owner, database: template });
  const result = await audit({ projectDir: REPOSITORY, databaseUrl, env: {}, onEvent: () => {} });
  expect(result.findings.map(({ rule, object, message }) => `${rule}: ${object} ${message}`)).toEqual([]);
  expect(result.accepted).toEqual([]);
  expect(result.rules).toEqual(AUDIT_RULES.map(({ id }) => id));
});

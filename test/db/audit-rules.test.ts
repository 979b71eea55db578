import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { AUDIT_RULES, type AuditRule } from "../../src/audit/rules.ts";
import { runAudit } from "../../src/audit/run.ts";
import { readRuleCase, RULE_SETTINGS, RULE_SETUP } from "../support/audit-rules.ts";

let client: pg.Client;

// As a superuser: some rules are about roles and foreign tables, which nobody else can make.
beforeAll(async () => {
  const { superuser } = inject("server");
  const { host, port, user, password } = superuser;
  client = new pg.Client({ host, port, user, password: password ?? "", database: "template1" });
  await client.connect();
});

afterAll(async () => {
  await client.end();
});

/** Objects that a rule finds after some SQL, in a transaction of which nothing stays. */
async function foundAfter(rule: AuditRule, ...scripts: readonly string[]): Promise<string[]> {
  await client.query("begin");
  try {
    for (const script of [RULE_SETUP, ...scripts]) await client.query(script);
    const broken = await runAudit(client, [rule], RULE_SETTINGS);
    expect(broken.every(({ rule: id, message }) => id === rule.id && message.trim() !== "")).toBe(true);
    return broken.map(({ object }) => object).toSorted();
  } finally {
    await client.query("rollback");
  }
}

describe.each(AUDIT_RULES.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
  const { fires, quiet, fixed, finds } = readRuleCase(id);

  test("finds what breaks it, by name", async () => {
    expect(await foundAfter(rule, fires)).toEqual(finds.toSorted());
  });

  test("says nothing of what looks alike", async () => {
    expect(await foundAfter(rule, quiet)).toEqual([]);
  });

  test("says nothing once it is fixed", async () => {
    expect(await foundAfter(rule, fires, fixed)).toEqual([]);
  });
});

test("the SQL that a finding comes with is valid, and mends it", async () => {
  const unmended: string[] = [];
  for (const rule of AUDIT_RULES) {
    await client.query("begin");
    try {
      await client.query(RULE_SETUP);
      await client.query(readRuleCase(rule.id).fires);
      const broken = await runAudit(client, [rule], RULE_SETTINGS);
      const fixes = broken.flatMap(({ object, fix }) => (fix === null ? [] : [{ object, fix }]));
      // Comments are for people to write.
      if (rule.id === "comment-missing") continue;
      for (const { fix } of fixes) await client.query(fix);
      const left = new Set((await runAudit(client, [rule], RULE_SETTINGS)).map(({ object }) => object));
      unmended.push(...fixes.filter(({ object }) => left.has(object)).map(({ object }) => `${rule.id}: ${object}`));
    } finally {
      await client.query("rollback");
    }
  }
  expect(unmended).toEqual([]);
});

import { expect, test } from "vitest";
import { type Outcome, verdict } from "../support/outcome.ts";
import { anonymous, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const EMAIL = "ada@example.com";
const PASSWORD = "correct horse battery";

async function register(): Promise<number> {
  await db.as(anonymous).rpc("register", { email: EMAIL, password: PASSWORD, name: "Ada" });
  return await db.value("select id from api.users where email = $1", [EMAIL]);
}

async function login(email: string, password: string): Promise<Outcome> {
  return await db.as(anonymous).rpc("login", { email, password });
}

async function costOf(user: number): Promise<number> {
  const hash = await db.value<string>("select password_hash from auth.credentials where user_id = $1", [user]);
  return Number(/^\$2[aby]\$(\d\d)\$/.exec(hash)?.[1]);
}

/** Of several logins with a wrong password, in milliseconds. */
async function median(email: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    expect(verdict(await login(email, "wrong password"))).toBe(401);
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[2] ?? 0;
}

async function expectNoTell(): Promise<void> {
  const ratio = (await median(EMAIL)) / (await median("nobody@example.com"));
  // The article's was 79.
  expect(ratio).toBeGreaterThan(1 / 3);
  expect(ratio).toBeLessThan(3);
}

test("defect 32: an unknown address takes the time of a wrong password", async () => {
  await register();
  await expectNoTell();
});

test("nor does the time tell after the cost was lowered or raised: all take that of the dearest hash that there is", async () => {
  const setCost = async (cost: number): Promise<void> => {
    await db.rows("update auth.settings set bcrypt_cost = $1", [cost]);
  };
  const user = await register();
  expect(await costOf(user)).toBe(10);
  await setCost(6);
  await expectNoTell();
  expect(verdict(await login(EMAIL, PASSWORD))).toBe("allowed");
  expect(await costOf(user)).toBe(6);
  await setCost(10);
  await expectNoTell();
  await setCost(6);
  const cheap = await median("nobody@example.com");
  // Somebody else's is dearer than both.
  await setCost(10);
  await db.as(anonymous).rpc("register", { email: "bea@example.com", password: PASSWORD, name: "Bea" });
  await setCost(6);
  await expectNoTell();
  expect(await median("nobody@example.com")).toBeGreaterThan(3 * cheap);
  await setCost(10);
  expect(verdict(await login(EMAIL, PASSWORD))).toBe("allowed");
});

test("the dearest hash is found by an index, and not by looking at all", async () => {
  await db.rows("begin");
  await db.rows("set local enable_seqscan = off");
  const plan = await db.rows<{ "QUERY PLAN": string }>("explain select max(c.cost) from auth.credentials as c");
  await db.rows("rollback");
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(
    /Limit[\s\S]*Index Only Scan Backward using credentials_cost_idx/,
  );
});

test("defect 34: hashes cost 2 to the 10th or more, as a setting says, and are made anew when it has changed", async () => {
  const user = await register();
  expect(await costOf(user)).toBe(10);
  await db.rows("update auth.settings set bcrypt_cost = 11");
  expect(verdict(await login(EMAIL, "wrong password"))).toBe(401);
  expect(await costOf(user)).toBe(10);
  expect(verdict(await login(EMAIL, PASSWORD))).toBe("allowed");
  expect(await costOf(user)).toBe(11);
  await db.rows("update auth.settings set bcrypt_cost = 10");
  expect(verdict(await login(EMAIL, PASSWORD))).toBe("allowed");
  expect(await costOf(user)).toBe(10);
});

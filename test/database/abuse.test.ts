import { expect, test } from "vitest";
import { rowsOf, verdict } from "../support/outcome.ts";
import { anonymous, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

test.each([
  ["rows of minus signs", `${"-".repeat(40)}x`],
  ["minus signs with spaces", "- ".repeat(40)],
  ["more words than the parser's stack holds", "word ".repeat(20_000)],
  ["what the parser takes quadratic time for", "a_".repeat(100_000)],
  ["nothing but operators", 'or or "" - or'],
])("%s are a valid query, answered quickly", async (_what, query) => {
  const { searcher } = await db.users("searcher");
  const started = performance.now();
  expect(rowsOf(await db.as(searcher).rpc("search_tasks", { search_query: query }))).toEqual([]);
  // Uncut, the last but one would take minutes.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("a filter larger than any metadata is refused", async () => {
  const { finder } = await db.users("finder");
  const metadata_filter = { a: Array.from({ length: 20_000 }, (_, index) => index) };
  expect(verdict(await db.as(finder).rpc("find_tasks", { metadata_filter }))).toBe(400);
});

test("a request with a token runs for ten seconds at most, and one without for three", async () => {
  const settings = await db.rows(
    `select r.rolname as role, setting
     from pg_db_role_setting as s
     join pg_roles as r on r.oid = s.setrole
     cross join unnest(s.setconfig) as setting
     where s.setdatabase = 0 and starts_with(setting, 'statement_timeout')
     order by 1`,
  );
  expect(settings).toEqual([
    { role: "api_anonymous", setting: "statement_timeout=3s" },
    { role: "api_user", setting: "statement_timeout=10s" },
  ]);
});

test("wrong guesses at a password keep nobody from changing it", async () => {
  const email = "victim@example.com";
  const password = "correct horse battery";
  await db.as(anonymous).rpc("register", { email, password, name: "Victim" });
  const id = await db.value<number>("select id from api.users where email = $1", [email]);
  const guesser = await db.connect("authenticator");
  await guesser.query("begin");
  await guesser.query("select set_config('role', 'api_anonymous', true)");
  await guesser.query("savepoint guess");
  await expect(guesser.query("select api.login($1, 'wrong wrong')", [email])).rejects.toMatchObject({ code: "PT401" });
  await guesser.query("rollback to savepoint guess");
  const locked = await db.rows("select from auth.credentials where user_id = $1 for update nowait", [id]);
  expect(locked).toHaveLength(1);
  await guesser.query("rollback");
});

import { decodeJwt } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { withRequest } from "../../src/db/impersonate.ts";
import { blockedOrDone } from "../support/concurrency.ts";
import { failureOf, type Outcome, type Row, rowOf, verdict } from "../support/outcome.ts";
import { anonymous, API, claiming, type Persona, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

const PASSWORD = "correct horse battery";
let serial = 0;

// What a hash costs is the subject of passwords.test.ts alone.
beforeAll(async () => {
  await db.rows("update auth.settings set bcrypt_cost = 4");
});

/** Registers through the API, as a stranger does, and returns who they are from then on. */
async function register(values: Row = {}): Promise<{ readonly outcome: Outcome; readonly email: string }> {
  serial += 1;
  const email = `person${serial}@example.com`;
  const outcome = await db.as(anonymous).rpc("register", { email, password: PASSWORD, name: "Person", ...values });
  return { outcome, email };
}

function bearer(outcome: Outcome): Persona & { readonly claims: { readonly user_id: number } } {
  const claims = decodeJwt(String(rowOf(outcome)["token"]));
  return { role: String(claims["role"]), claims: { ...claims, user_id: Number(claims["user_id"]) } };
}

async function login(email: unknown, password: unknown): Promise<Outcome> {
  return await db.attempt(anonymous).rpc("login", { email, password });
}

describe("register", () => {
  test("makes an account and logs it in", async () => {
    const { outcome, email } = await register({ name: "Ada" });
    const ada = bearer(outcome);
    expect(ada).toMatchObject({ role: "api_user", claims: { email, user_id: expect.any(Number) } });
    expect(rowOf(await db.attempt(ada).get("user_profiles"))).toMatchObject({
      id: ada.claims.user_id,
      email,
      name: "Ada",
    });
    expect(verdict(await login(email, PASSWORD))).toBe("allowed");
  });

  test("defect 01: who registers sees their own row, and nobody else's", async () => {
    const ada = bearer((await register()).outcome);
    expect(rowOf(await db.attempt(ada).get("users", {}, "id"))).toEqual({ id: ada.claims.user_id });
  });

  test("defect 33: a taken address is 409, without the row or the key in the answer", async () => {
    const { email } = await register();
    const failure = failureOf((await register({ email: email.toUpperCase() })).outcome);
    expect(failure).toMatchObject({ status: 409, hint: expect.any(String) });
    expect(JSON.stringify(failure).toLowerCase()).not.toMatch(/key \(|failing row|users_email_key/);
    expect(JSON.stringify(failure)).not.toContain(email);
  });

  test("defect 35: passwords have 8 characters to 72 bytes, names at most 200 characters", async () => {
    const status = async (values: Row): Promise<unknown> => verdict((await register(values)).outcome);
    for (const password of [
      "",
      "short12",
      " ".repeat(0),
      "x".repeat(73),
      "é".repeat(37),
      "x".repeat(1_000_000),
      null,
    ]) {
      expect(await status({ password }), `password of ${password?.length} characters`).toBe(400);
    }
    for (const name of ["", "   ", "x".repeat(201), null])
      expect(await status({ name }), `name of ${name?.length} characters`).toBe(400);
    expect(await status({ password: "x".repeat(72), name: "x".repeat(200) })).toBe("allowed");
    const { email } = await register({ password: "é".repeat(8) });
    expect(verdict(await login(email, "é".repeat(8)))).toBe("allowed");
    const long = await register({ password: "x".repeat(72) });
    expect(verdict(await login(long.email, `${"x".repeat(72)}tail`))).toBe(401);
  });

  test("defect 36: addresses are normalised, and only one @ and no white space or control characters are taken", async () => {
    const { email } = await register({ email: "  Mixed.Case@Example.COM " });
    expect(email).toBeDefined();
    expect(verdict(await login("mixed.case@example.com", PASSWORD))).toBe("allowed");
    expect(verdict(await login(" MIXED.case@example.com\n", PASSWORD))).toBe("allowed");
    const bad = [
      "",
      " ",
      "no at",
      "@example.com",
      "x@",
      "a@b@c.example",
      "a b@c.example",
      "x@y.z\nBcc: evil@e.example",
      "x@y\t.z",
      "x\u0001@y.z",
      "x\u007f@y.z",
      "x\u0085@y.z",
      "x\u00a0y@z.example",
      "x\u200b@y.z\u2028",
      `${"x".repeat(251)}@y.z`,
      null,
    ];
    for (const address of bad)
      expect(verdict((await register({ email: address })).outcome), JSON.stringify(address)).toBe(400);
  });

  test("an address keeps all its letters", async () => {
    for (const address of ["vera@example.tv", "t.n.r@f.fr", "xbv@b.nv"]) {
      await register({ email: address });
      expect(await db.value("select count(*) from api.users where email = $1", [address]), address).toBe(1);
    }
  });

  test("defect 37: no refusal shows the password, its hash or the row", async () => {
    for (const values of [
      { email: "nope" },
      { name: "" },
      { email: null },
      { password: "short" },
      { email: "x".repeat(300) },
    ]) {
      expect(JSON.stringify(failureOf((await register(values)).outcome))).not.toMatch(
        /correct horse|\$2[aby]\$|Failing row|"short"/,
      );
    }
  });

  test("of one address by two at once makes one account", async () => {
    const clients = await Promise.all([db.connect("authenticator"), db.connect("authenticator")]);
    const values = { email: "twice@example.com", password: PASSWORD, name: "Twice" };
    const outcomes = await Promise.all(clients.map((client) => db.as(anonymous, client).rpc("register", values)));
    expect(new Set(outcomes.map(verdict))).toEqual(new Set(["allowed", 409]));
  });

  test("leaves no user behind when it fails", async () => {
    const before = await db.value("select count(*) from api.users");
    await register({ password: "short" });
    await register({ email: "nope" });
    expect(await db.value("select count(*) from api.users")).toBe(before);
  });
});

describe("login", () => {
  test("defect 08: stands in the API, and its answer is a token that works", async () => {
    const { email, outcome } = await register();
    const persona = bearer(await login(email, PASSWORD));
    expect(persona.claims.user_id).toBe(bearer(outcome).claims.user_id);
    expect(verdict(await db.attempt(persona).get("users", { id: persona.claims.user_id }, "id"))).toBe("allowed");
  });

  test("wrong password and unknown address cannot be told apart", async () => {
    const { email } = await register();
    const wrong = failureOf(await login(email, "wrong password"));
    expect(wrong).toEqual(failureOf(await login("nobody@example.com", PASSWORD)));
    expect(wrong).toMatchObject({ status: 401, hint: expect.any(String) });
    for (const [address, password] of [
      [null, PASSWORD],
      [email, null],
      ["", ""],
      [email, "x".repeat(10_000)],
      ["not an address", PASSWORD],
    ]) {
      expect(verdict(await login(address, password)), JSON.stringify(address)).toBe(401);
    }
  });
});

describe("change_password", () => {
  test("needs the current one, and a good new one", async () => {
    const { outcome } = await register();
    const change = async (current: unknown, next: unknown): Promise<unknown> =>
      verdict(
        await db.attempt(bearer(outcome)).rpc("change_password", { current_password: current, new_password: next }),
      );
    expect(await change("wrong password", "another horse battery")).toBeOneOf([400, 401, 403]);
    expect(await change(null, "another horse battery")).toBeOneOf([400, 401, 403]);
    for (const weak of ["short", "x".repeat(73), null]) expect(await change(PASSWORD, weak)).toBe(400);
    expect(await change(PASSWORD, "another horse battery")).toBe("allowed");
  });

  test("lets the new password in, the old one not, and ends tokens issued before", async () => {
    const { outcome, email } = await register();
    const persona = bearer(outcome);
    const earlier = { ...persona, claims: { ...persona.claims, iat: Math.floor(Date.now() / 1000) - 5 } };
    expect(
      verdict(
        await db
          .as(persona)
          .rpc("change_password", { current_password: PASSWORD, new_password: "another horse battery" }),
      ),
    ).toBe("allowed");
    expect(verdict(await login(email, PASSWORD))).toBe(401);
    const renewed = await login(email, "another horse battery");
    expect(verdict(await db.attempt(bearer(renewed)).get("users", {}, "id"))).toBe("allowed");
    expect(verdict(await db.attempt(earlier).get("users", {}, "id"))).toBe(401);
    // Also in the very second of the change.
    expect(verdict(await db.attempt(persona).get("users", {}, "id"))).toBe(401);
    expect(
      verdict(await db.attempt({ ...persona, claims: { ...persona.claims, iat: undefined } }).get("users", {}, "id")),
    ).toBe(401);
  });

  test("answers a token that works from then on", async () => {
    const { outcome } = await register();
    const renewed = await db
      .as(bearer(outcome))
      .rpc("change_password", { current_password: PASSWORD, new_password: "another horse battery" });
    expect(verdict(await db.attempt(bearer(renewed)).get("users", {}, "id"))).toBe("allowed");
  });
});

describe("delete_account", () => {
  const remove = async (persona: Persona, password: unknown = PASSWORD): Promise<Outcome> =>
    await db.as(persona).rpc("delete_account", { current_password: password });

  test("needs the current password", async () => {
    const { outcome } = await register();
    expect(verdict(await remove(bearer(outcome), "wrong password"))).toBeOneOf([400, 401, 403]);
    expect(verdict(await db.attempt(bearer(outcome)).get("users", {}, "id"))).toBe("allowed");
  });

  test("defect 43: name, password and account are in everybody's own hands, and in nobody else's", async () => {
    const { outcome, email } = await register();
    const persona = bearer(outcome);
    expect(
      rowOf(await db.as(persona).patch("users", { id: persona.claims.user_id }, { name: "New name" }, "name")),
    ).toEqual({ name: "New name" });
    expect(verdict(await remove(persona))).toBe("allowed");
    expect(await db.value("select count(*) from api.users where id = $1", [persona.claims.user_id])).toBe(0);
    expect(await db.value("select count(*) from auth.credentials where user_id = $1", [persona.claims.user_id])).toBe(
      0,
    );
    expect(verdict(await login(email, PASSWORD))).toBe(401);
    expect(verdict(await db.attempt(persona).get("users", {}, "id"))).toBe(401);
  });

  test("defect 42: is refused while the caller owns a project with other members, and says what to do", async () => {
    const persona = bearer((await register()).outcome);
    const { mate } = await db.users("mate");
    const id = persona.claims.user_id;
    const shared = await db.value<number>(
      "insert into api.projects (name, owner_id) values ('Shared', $1) returning id",
      [id],
    );
    await db.rows("insert into api.project_members (project_id, user_id, role) values ($1, $2, 'admin')", [
      shared,
      mate.id,
    ]);
    const task = await db.task(shared, { created_by: mate.id });
    const failure = failureOf(await remove(persona));
    expect(failure).toMatchObject({ status: 409, hint: expect.stringMatching(/transfer_project|member/i) });
    expect(verdict(await db.as(persona).rpc("transfer_project", { project_id: shared, new_owner_id: mate.id }))).toBe(
      "allowed",
    );
    expect(verdict(await remove(persona))).toBe("allowed");
    expect(await db.value("select count(*) from api.tasks where id = $1", [task])).toBe(1);
  });

  test("defect 41: what others may still need stays, its author unknown; projects that were theirs alone go", async () => {
    const persona = bearer((await register()).outcome);
    const { host } = await db.users("host");
    const id = persona.claims.user_id;
    const alone = await db.value<number>(
      "insert into api.projects (name, owner_id) values ('Alone', $1) returning id",
      [id],
    );
    await db.task(alone, { created_by: id });
    const project = await db.project(host);
    await db.rows("insert into api.project_members (project_id, user_id, role) values ($1, $2, 'contributor')", [
      project,
      id,
    ]);
    const task = await db.task(project, { created_by: id, assigned_to: id });
    const comment = await db.value<number>(
      "insert into api.comments (task_id, user_id, content) values ($1, $2, 'Mine') returning id",
      [task, id],
    );
    expect(verdict(await remove(persona))).toBe("allowed");
    expect(await db.rows("select created_by, assigned_to from api.tasks where id = $1", [task])).toEqual([
      { created_by: null, assigned_to: null },
    ]);
    expect(await db.rows("select user_id, content from api.comments where id = $1", [comment])).toEqual([
      { user_id: null, content: "Mine" },
    ]);
    expect(await db.value("select count(*) from api.projects where id = $1", [alone])).toBe(0);
  });
});

test("delete_account has the time that it may need, which PostgREST gives its request", async () => {
  // Somebody else may have given the caller a thousand long tasks, each word of which is indexed anew.
  expect(await db.value<string[]>("select proconfig from pg_proc where oid = 'api.delete_account'::regproc")).toContain(
    "statement_timeout=5min",
  );
  const others = await db.rows<{ name: string }>(
    "select oid::regproc::text as name from pg_proc where pronamespace = 'api'::regnamespace and array_to_string(proconfig, ' ') like '%statement_timeout%'",
  );
  expect(others).toEqual([{ name: "api.delete_account" }]);
});

test("delete_account says the same where a project is being handed to the caller at that moment", async () => {
  const persona = bearer((await register()).outcome);
  const { giver } = await db.users("giver");
  const project = await db.project(giver);
  const id = persona.claims.user_id;
  await db.rows("insert into api.project_members (project_id, user_id, role) values ($1, $2, 'viewer')", [project, id]);
  const [one, two] = await Promise.all([db.connect("authenticator"), db.connect("authenticator")]);
  const request = { role: giver.role, claims: giver.claims, method: "POST", path: "/" } as const;
  const overlap = withRequest(one, { api: API, request, end: "commit" }, async (inside) => {
    await inside.query("select api.transfer_project($1, $2)", [project, id]);
    const removal = db.as(persona, two).rpc("delete_account", { current_password: PASSWORD });
    await blockedOrDone(db, two, removal);
    // In an array: returned by itself it would be waited for, and it waits for this commit.
    return [removal];
  });
  const [outcome] = await Promise.all(await overlap);
  expect(outcome).toMatchObject({ status: 409, hint: expect.stringContaining("transfer_project") });
  expect(await db.value("select count(*) from api.users where id = $1", [id])).toBe(1);
});

describe("people without an account", () => {
  test("change and delete nothing", async () => {
    for (const [name, args] of [
      ["change_password", { current_password: PASSWORD, new_password: PASSWORD }],
      ["delete_account", { current_password: PASSWORD }],
    ] as const) {
      expect(verdict(await db.attempt(anonymous).rpc(name, args)), name).toBe("no privilege");
      for (const userId of [undefined, "", "abc"])
        expect(verdict(await db.attempt(claiming(userId)).rpc(name, args)), name).toBe(401);
    }
  });
});

describe("tokens of people", () => {
  test("whose account is gone are 401, and of people who never were", async () => {
    const { outcome } = await register();
    const persona = bearer(outcome);
    await db.rows("delete from api.users where id = $1", [persona.claims.user_id]);
    for (const id of [persona.claims.user_id, 987_654_321, 0]) {
      const failure = failureOf(
        await db.attempt({ ...persona, claims: { ...persona.claims, user_id: id } }).get("projects"),
      );
      expect(failure).toMatchObject({ status: 401 });
    }
  });

  test("the legacy setting is understood too, where the claims name nobody", async () => {
    const { one } = await db.users("one");
    const id = async (claims: string, legacy: string): Promise<unknown> =>
      await db.value(
        `select auth.user_id() from (select set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.user_id', $2, true) offset 0) as s`,
        [claims, legacy],
      );
    expect(await id("", String(one.id))).toBe(one.id);
    expect(await id("", "")).toBeNull();
    expect(await id("", "abc")).toBeNull();
    expect(await id("{}", String(one.id))).toBe(one.id);
    expect(await id("[]", "")).toBeNull();
  });
});

import { UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { useCast } from "../support/cast.ts";
import { ask, type Client, describeApi } from "./api.ts";

const now = (): number => Math.floor(Date.now() / 1000);

describeApi("a token", (api) => {
  const cast = useCast(api.db);
  const claims = () => {
    const { id, email } = cast().users.viewer;
    return { role: "api_user", user_id: id, email, iat: now(), exp: now() + 3600 };
  };
  /** The projects that a client sees; a viewer of the cast sees two. */
  const projects = async (client: Client) => await ask(client.from("projects").select("name").order("name"));
  const SEEN = { status: 200, data: [{ name: "Apollo" }, { name: "Common room" }] };

  test("of the database and one that jose signs with its secret are the same", async () => {
    expect(await projects(await api.as(cast().users.viewer))).toMatchObject(SEEN);
    expect(await projects(api.client(await api.sign(claims())))).toMatchObject(SEEN);
  });

  describe("is refused: 401", () => {
    const refused: readonly (readonly [what: string, token: () => string | Promise<string>])[] = [
      ["with another secret", () => api.sign(claims(), "another secret that is long enough, too")],
      ["with a secret that only begins the same", () => api.sign(claims(), api.db.server.jwtSecret.slice(0, -1))],
      ["without a signature (alg: none)", () => new UnsecuredJWT(claims()).encode()],
      ["whose claims were changed", async () => withOtherClaims(await api.sign(claims()))],
      ["without its signature", async () => (await api.sign(claims())).split(".").slice(0, 2).join(".")],
      ["that is no token", () => "abc"],
      ["that expired", () => api.sign({ ...claims(), iat: now() - 7200, exp: now() - 3600 })],
      ["from the future", () => api.sign({ ...claims(), iat: now() + 3600, exp: now() + 7200 })],
      ["that is not valid yet", () => api.sign({ ...claims(), nbf: now() + 3600 })],
      ["for a role that is not there", () => api.sign({ ...claims(), role: "no_such_role" })],
      ["of an account that is not there", () => api.sign({ ...claims(), user_id: cast().missing })],
    ];

    test.each(refused)("%s", async (_, token) => {
      expect(await projects(api.client(await token()))).toMatchObject({ status: 401, data: null });
    });

    function withOtherClaims(token: string): string {
      const [header, , signature] = token.split(".");
      const other = Buffer.from(JSON.stringify({ ...claims(), user_id: cast().users.owner.id })).toString("base64url");
      return [header, other, signature].join(".");
    }
  });

  test("may be as old as its clock is late: a few seconds are forgiven", async () => {
    const late = { ...claims(), iat: now() - 3600, exp: now() - 5 };
    expect(await projects(api.client(await api.sign(late)))).toMatchObject(SEEN);
  });

  test.each(["postgres", "authenticator", "pg_read_all_data"])("for the role %s is refused: 403", async (role) => {
    expect(await projects(api.client(await api.sign({ ...claims(), role })))).toMatchObject({
      status: 403,
      code: "42501",
    });
  });

  test("without a role is anonymous: 401, and it may register", async () => {
    const { iat, exp } = claims();
    const client = api.client(await api.sign({ iat, exp }));
    expect(await projects(client)).toMatchObject({ status: 401, code: "42501" });
    const account = { email: "roleless@example.com", password: "long enough", name: "Roleless" };
    expect(await ask(client.rpc("register", account))).toMatchObject({ status: 200 });
  });

  test("may say the number as text", async () => {
    expect(
      await projects(api.client(await api.sign({ ...claims(), user_id: String(claims().user_id) }))),
    ).toMatchObject(SEEN);
  });

  test.each([["abc"], [""], ["1 or 1=1"], [null], [-1], [1.5], [{ id: 1 }], ["9".repeat(19)]])(
    "whose user_id is %j is nobody's: no rows, no error, and nothing to write",
    async (userId) => {
      const client = api.client(await api.sign({ ...claims(), user_id: userId }));
      expect(await projects(client)).toMatchObject({ status: 200, data: [] });
      expect(await ask(client.from("projects").insert({ name: "Nobody's" }))).toMatchObject({ status: 403 });
      expect(await ask(client.rpc("add_task_tag", { task_id: cast().task, tag: "x" }))).toMatchObject({ status: 404 });
    },
  );

  test("of before a change of the password is refused: 401; the new one works", async () => {
    const account = { email: "changer@example.com", password: "first password", name: "Changer" };
    const { data } = await ask(api.client().rpc("register", account));
    const old = api.client((data as { token: string }).token);
    expect(await projects(old)).toMatchObject({ status: 200 });
    const changed = { current_password: account.password, new_password: "second password" };
    expect(await ask(old.rpc("change_password", { ...changed, new_password: "short" }))).toMatchObject({ status: 400 });
    expect(await ask(old.rpc("change_password", { ...changed, current_password: "wrong" }))).toMatchObject({
      status: 401,
    });
    expect(await projects(old)).toMatchObject({ status: 200 });
    const { status, data: issued } = await ask(old.rpc("change_password", changed));
    expect(status).toBe(200);
    expect(await projects(old)).toMatchObject({ status: 401, code: "PT401", hint: "log in again" });
    expect(await projects(api.client((issued as { token: string }).token))).toMatchObject({ status: 200 });
  });

  test("of a deleted account is refused: 401, though it is signed and not expired", async () => {
    const account = { email: "goner@example.com", password: "long enough", name: "Goner" };
    const { data } = await ask(api.client().rpc("register", account));
    const client = api.client((data as { token: string }).token);
    expect(await projects(client)).toMatchObject({ status: 200, data: [] });
    expect(await ask(client.rpc("delete_account", { current_password: account.password }))).toMatchObject({
      status: 204,
    });
    expect(await projects(client)).toMatchObject({ status: 401, code: "PT401" });
  });
});

describeApi("a request", (api) => {
  const cast = useCast(api.db);
  const tokens = async () => {
    const { viewer, stranger } = cast().users;
    return { viewer: await api.token(viewer), stranger: await api.token(stranger) };
  };
  const PATH = "/projects?select=name&order=name";
  const NAMES = [{ name: "Apollo" }, { name: "Common room" }];

  describe("with Authorization", () => {
    test("is the user's; without, nobody's", async () => {
      const { viewer } = await tokens();
      expect(await api.raw(PATH, [["Authorization", `Bearer ${viewer}`]])).toEqual({ status: 200, body: NAMES });
      expect(await api.raw(PATH, [["authorization", `bearer ${viewer}`]])).toEqual({ status: 200, body: NAMES });
      expect(await api.raw(PATH, [])).toMatchObject({ status: 401, body: { code: "42501" } });
    });

    test("of another kind is nobody's", async () => {
      const basic = Buffer.from("olga:secret").toString("base64");
      expect(await api.raw(PATH, [["Authorization", `Basic ${basic}`]])).toMatchObject({
        status: 401,
        body: { code: "42501" },
      });
    });

    test("twice is whose the first is, and never both", async () => {
      const { viewer, stranger } = await tokens();
      const twice = (first: string, second: string) =>
        api.raw(PATH, [
          ["Authorization", `Bearer ${first}`],
          ["Authorization", `Bearer ${second}`],
        ]);
      expect(await twice(viewer, stranger)).toEqual({ status: 200, body: NAMES });
      expect(await twice(stranger, viewer)).toEqual({ status: 200, body: [] });
    });
  });

  test("brings headers and cookies of more than 8 kB to the database, whole", async () => {
    const { viewer } = await tokens();
    const long = "x".repeat(9_000);
    const cookie = "y".repeat(9_000);
    const { status, body } = await api.raw("/rpc/seen", [
      ["Authorization", `Bearer ${viewer}`],
      ["X-Long", long],
      ["X-Quotes", `'"; drop table api.tasks; --`],
      ["Cookie", `session=${cookie}; other=1`],
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      headers: { "x-long": long, "x-quotes": `'"; drop table api.tasks; --` },
      cookies: { session: cookie, other: "1" },
      method: "GET",
      path: "/rpc/seen",
    });
    expect(body).not.toHaveProperty("headers.cookie");
  });

  test("by GET cannot write, whatever the function: 405, and POST can", async () => {
    const { task, users } = cast();
    const client = await api.as(users.contributor);
    const call = { task_id: task, new_status: "completed" };
    const status = async () => await api.db.value("select status from api.tasks where id = $1", [task]);
    expect(await ask(client.rpc("change_task_status", call, { get: true }))).toMatchObject({
      status: 405,
      code: "25006",
    });
    expect(await status()).toBe("pending");
    expect(await ask(client.rpc("change_task_status", call))).toMatchObject({ status: 200 });
    expect(await status()).toBe("completed");
    const account = { email: "getter@example.com", password: "long enough", name: "Getter" };
    expect(await ask(api.client().rpc("register", account, { get: true }))).toMatchObject({ status: 405 });
    expect(await ask(client.rpc("search_tasks", { search_query: "guidance" }, { get: true }))).toMatchObject({
      status: 200,
      data: [expect.objectContaining({ id: task })],
    });
  });

  test("calls functions by GET and POST only: 405", async () => {
    const url = (await api.as(cast().users.viewer)).rpc("search_tasks", { search_query: "guidance" });
    expect(await ask(url)).toMatchObject({ status: 200 });
    expect(await ask((await api.as(cast().users.viewer)).from("rpc/search_tasks").delete())).toMatchObject({
      status: 405,
      code: "PGRST101",
    });
  });

  test("with Prefer: tx=rollback leaves nothing, where PostgREST allows that", async () => {
    const { stranger } = await tokens();
    const name = "Never was";
    const count = async () => await api.db.value("select count(*) from api.projects where name = $1", [name]);
    const trial = api.client(stranger, { Prefer: "tx=rollback" });
    expect(await ask(trial.from("projects").insert({ name }).select("name"))).toMatchObject({
      status: 201,
      data: [{ name }],
    });
    expect(await count()).toBe(0);
    expect(await ask(api.client(stranger).from("projects").insert({ name }))).toMatchObject({ status: 201 });
    expect(await count()).toBe(1);
  });

  test("for a schema that is not exposed is refused: 406", async () => {
    const { viewer } = await tokens();
    const asking = (schema: string) =>
      api.raw(PATH, [
        ["Authorization", `Bearer ${viewer}`],
        ["Accept-Profile", schema],
      ]);
    expect(await asking("auth")).toMatchObject({ status: 406, body: { code: "PGRST106" } });
    expect(await asking("api")).toMatchObject({ status: 200 });
  });
});

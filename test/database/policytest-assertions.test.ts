import { describe, expect, test } from "vitest";
import { hasFailed } from "../../src/core/test-result.ts";
import { readTap } from "../../src/policytest/read-tap.ts";
import { stopAtFailure } from "../../src/policytest/stop-at-failure.ts";
import { outputOf, usePolicyTests } from "../support/policy-tests.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const client = usePolicyTests(db);

/** What a test file with these statements prints. */
async function tap(body: string): Promise<string[]> {
  return await outputOf(client(), `begin; select no_plan(); ${body}; rollback;`);
}

const APOLLO = "select * from api.projects where name = ''Apollo''";
const RENAME = "update api.projects set name = ''Gemini'' where name = ''Apollo''";

describe("an assertion passes:", () => {
  test.each([
    ["can_see, with a number", "Vera", `can_see('${APOLLO}', 1, 'it')`],
    ["can_see, with any number", "Vera", `can_see('${APOLLO}', 'it')`],
    ["can_see, for no row", "Stella", `can_see('${APOLLO}', 0, 'it')`],
    ["sees_nothing", "Stella", `sees_nothing('${APOLLO}', 'it')`],
    ["lets, with a number", "Adam", `lets('${RENAME}', 1, 'it')`],
    ["lets, with any number", "Adam", `lets('${RENAME}', 'it')`],
    ["filters", "Vera", `filters('${RENAME}', 'it')`],
    ["denies, a table", "Vera", "denies('delete from api.users', 'it')"],
    ["denies, a column", "Vera", "denies('select email from api.users', 'it')"],
    ["denies, a schema", "Vera", "denies('select * from stats.project_figures', 'it')"],
    ["denies, a function", "Vera", "denies('select api.refresh_project_stats()', 'it')"],
    [
      "refuses",
      "Vera",
      "refuses('insert into api.tasks (title, project_id) select ''x'', id from api.projects', 'it')",
    ],
    ["raises, a function's own error", "Vera", "raises('select api.assign_task(0, 0)', 404, 'it')"],
    ["raises, a missing privilege", "Vera", "raises('delete from api.users', 403, 'it')"],
    ["has_rls", "Vera", "has_rls('api.tasks', 'it')"],
    ["has_rls, for a table that one may not read", "Vera", "has_rls('stats.project_figures', 'it')"],
    ["policies_complete", "Vera", "policies_complete('api.tasks', 'it')"],
  ])("%s", async (_, who, assertion) => {
    expect(await tap(`select tests.as_user('${who}'); select tests.${assertion}`)).toEqual(["ok 1 - it"]);
  });
});

describe("an assertion fails, and says why:", () => {
  test.each([
    [
      "can_see, another number",
      "Vera",
      `can_see('${APOLLO}', 2, 'it')`,
      ["Vera (role api_user) should see 2 rows", "it was allowed: 1 row", "as the owner of the tables: 1 row"],
    ],
    [
      "can_see, nothing",
      "Stella",
      `can_see('${APOLLO}', 'it')`,
      [
        "Stella (role api_user) should see a row or more",
        "it was allowed: no row",
        "as the owner of the tables: 1 row",
      ],
    ],
    [
      "can_see, a write",
      "Adam",
      `can_see('${RENAME}', 1, 'it')`,
      [
        "Adam (role api_user) should see 1 row",
        "it was an error: cannot execute UPDATE in a read-only transaction (SQLSTATE 25006, HTTP 405)",
        "as the owner of the tables: 1 row",
      ],
    ],
    [
      "sees_nothing, something",
      "Vera",
      `sees_nothing('${APOLLO}', 'it')`,
      ["Vera (role api_user) should see no row", "it was allowed: 1 row"],
    ],
    [
      "sees_nothing, where there is nothing",
      "Vera",
      "sees_nothing('select * from api.projects where name = ''Apolo''', 'it')",
      ["this proves nothing, since it shows no row for the owner of the tables either"],
    ],
    [
      "sees_nothing, a missing privilege",
      "Vera",
      "sees_nothing('select email from api.users', 'it')",
      [
        "Vera (role api_user) should see no row",
        "it was denied, a missing privilege: permission denied for table users (SQLSTATE 42501, HTTP 403)",
      ],
    ],
    [
      "lets, what is filtered",
      "Vera",
      `lets('${RENAME}', 1, 'it')`,
      ["Vera (role api_user) should be let, with 1 row", "it was allowed: no row", "as the owner of the tables: 1 row"],
    ],
    [
      "lets, without a number, what is filtered",
      "Vera",
      `lets('${RENAME}', 'it')`,
      [
        "Vera (role api_user) should be let, with a row or more",
        "it was allowed: no row",
        "as the owner of the tables: 1 row",
      ],
    ],
    [
      "filters, what is let",
      "Adam",
      `filters('${RENAME}', 'it')`,
      ["Adam (role api_user) should change no row", "it was allowed: 1 row"],
    ],
    [
      "filters, what changes nothing anyway",
      "Vera",
      "filters('update api.projects set name = ''x'' where name = ''Apolo''', 'it')",
      ["this proves nothing, since it changes no row for the owner of the tables either"],
    ],
    [
      "filters, what fails for the owner",
      "Stella",
      "filters('update api.projects set name = '''' where name = ''Apollo''', 'it')",
      [
        'this proves nothing, since it fails for the owner of the tables: new row for relation "projects" violates check constraint "projects_name_check"',
      ],
    ],
    [
      "denies, what is let",
      "Adam",
      `denies('${RENAME}', 'it')`,
      ["Adam (role api_user) should lack a privilege", "it was allowed: 1 row"],
    ],
    [
      "denies, what is refused by with check",
      "Vera",
      "denies('insert into api.projects (name, owner_id) values (''x'', tests.id(''Olga''))', 'it')",
      [
        "Vera (role api_user) should lack a privilege",
        'it was refused by `with check`: new row violates row-level security policy for table "projects" (SQLSTATE 42501, HTTP 403)',
      ],
    ],
    [
      "denies, what is not there",
      "Vera",
      "denies('select * from stats.no_such_table', 'it')",
      [
        'this proves nothing, since it is no statement for the owner either: relation "stats.no_such_table" does not exist',
      ],
    ],
    [
      "refuses, a missing privilege",
      "Vera",
      "refuses('delete from api.users', 'it')",
      [
        "Vera (role api_user) should be refused by `with check`",
        "it was denied, a missing privilege: permission denied for table users (SQLSTATE 42501, HTTP 403)",
      ],
    ],
    [
      "refuses, what a function raises with the same SQLSTATE",
      "Vera",
      "refuses('select api.assign_task(tests.task(''Guidance''), null)', 'it')",
      [
        "Vera (role api_user) should be refused by `with check`",
        "it was an error: your role in this project does not allow that (SQLSTATE 42501, HTTP 403)",
        "hint: it takes the role contributor",
      ],
    ],
    [
      "raises, another status",
      "Vera",
      "raises('select api.assign_task(0, 0)', 403, 'it')",
      [
        "Vera (role api_user) should be answered HTTP 403",
        "it was an error: no such task (SQLSTATE PT404, HTTP 404)",
        "hint: GET /tasks lists yours",
      ],
    ],
    [
      "raises, nothing",
      "Adam",
      `raises('${RENAME}', 403, 'it')`,
      ["Adam (role api_user) should be answered HTTP 403", "it was allowed: 1 row"],
    ],
    [
      "raises, for a misspelt name",
      "Vera",
      "raises('select api.assign_tsk(0, 0)', 404, 'it')",
      [
        "this proves nothing, since it is no statement for the owner either: function api.assign_tsk(integer, integer) does not exist",
      ],
    ],
    [
      "raises, for a misspelt word",
      "Vera",
      "raises('selct 1', 400, 'it')",
      ['this proves nothing, since it is no statement for the owner either: syntax error at or near "selct"'],
    ],
    [
      "has_rls, off",
      "Vera",
      "has_rls('auth.credentials', 'it')",
      ["it is off: alter table auth.credentials enable row level security"],
    ],
    ["has_rls, no table", "Vera", "has_rls('api.task', 'it')", ["there is no table api.task"]],
    ["has_rls, a view", "Vera", "has_rls('api.task_details', 'it')", ["there is no table api.task_details"]],
    ["policies_complete, no table", "Vera", "policies_complete('api.task', 'it')", ["there is no table api.task"]],
  ])("%s", async (_, who, assertion, lines) => {
    const [title, failed, ...said] = await tap(`select tests.as_user('${who}'); select tests.${assertion}`);
    expect(title).toBe("not ok 1 - it");
    expect(failed).toBe('# Failed test 1: "it"');
    expect(said).toEqual(lines.map((line) => `# ${line}`));
  });

  test.each([
    [
      "a privilege without a policy",
      "drop policy delete_owner on api.projects",
      "api_user may delete, and no policy says which rows",
    ],
    [
      "a privilege for a column is one",
      "drop policy update_self on api.users",
      "api_user may update, and no policy says which rows",
      "users",
    ],
    [
      "a policy without a privilege",
      "revoke delete on api.projects from api_user",
      "a policy lets api_user delete, who has no privilege to",
    ],
    [
      "a restrictive policy lets nobody",
      "drop policy delete_owner on api.projects; create policy p on api.projects as restrictive for delete to api_user using (true)",
      "api_user may delete, and no policy says which rows",
    ],
    [
      "what no policy stops",
      "grant truncate on api.projects to api_user",
      "api_user may truncate it, which no policy stops",
    ],
    ["no protection at all", "alter table api.projects disable row level security", "row-level security is off"],
    [
      "a policy for everybody",
      "create policy p on api.projects for select to public using (true)",
      "a policy lets api_anonymous select, who has no privilege to",
    ],
  ])("policies_complete, %s", async (_, change, said, table = "projects") => {
    expect(await tap(`${change}; select tests.policies_complete('api.${table}', 'it')`)).toEqual([
      "not ok 1 - it",
      '# Failed test 1: "it"',
      `# ${said}`,
    ]);
  });
});

describe("what a title says is no directive of TAP", () => {
  const see = (query: string, ...title: string[]): string =>
    `select tests.as_user('Stella'); select tests.can_see('${query}'${title.map((each) => `, '${each}'`).join("")})`;

  test.each([
    ["the statement", see("select where false -- #todo: more")],
    ["the title", see("select where false", "sees it # SKIP it")],
    ["the title, with a backslash of its own", see("select where false", "sees it \\#todo")],
    ["the title, with two", see("select where false", "sees it \\\\ \\\\#todo")],
  ])("%s", async (_, assertion) => {
    const lines = await tap(assertion);
    const { tests } = readTap(lines.map((text) => ({ text, location: undefined })));
    expect(tests.map(hasFailed)).toEqual([true]);
    expect(await endsItsFile(assertion)).toBe(true);
  });

  test("and pgTAP's own functions say it", async () => {
    const todo = "select * from todo('later', 1); select ok(false, 'a')";
    expect(await endsItsFile(todo)).toBe(false);
    // Whoever writes it by hand means it, as TAP has it.
    expect(await endsItsFile("select ok(false, 'a # todo later')")).toBe(false);
    expect(await endsItsFile("select ok(false, 'a # b # todo later')")).toBe(true);
    expect(await endsItsFile("select ok(false, 'a')")).toBe(true);
  });

  /** Whether the first failure of a file is noticed at once, as where damages are tried. */
  async function endsItsFile(assertion: string): Promise<boolean> {
    await client().query("begin");
    try {
      await stopAtFailure(client());
      await client().query(`select no_plan(); ${assertion}`);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: "TMKIL" });
      return true;
    } finally {
      await client().query("rollback");
    }
  }
});

describe("only", () => {
  const people = "delete from tests.people where name not in ('Adam', 'Stella', 'Vera')";

  test("is one test for each of the cast, and fails for whom it is wrong", async () => {
    expect(await tap(`${people}; select tests.only('{Adam,Vera}', '${RENAME}', 'filters', 'rename Apollo')`)).toEqual([
      "ok 1 - Adam may rename Apollo",
      "ok 2 - Stella may not rename Apollo",
      "not ok 3 - Vera may rename Apollo",
      '# Failed test 3: "Vera may rename Apollo"',
      "# Vera (role api_user) should be let, with a row or more",
      "# it was allowed: no row",
      "# as the owner of the tables: 1 row",
    ]);
  });

  test.each([
    ["sees_nothing", "{Adam,Vera}", APOLLO],
    ["sees_no_row", "{Adam,Vera}", APOLLO],
    ["denies", "{}", "delete from api.users"],
    ["refuses", "{Adam}", "insert into api.tasks (title, project_id) values (''x'', tests.project(''Apollo''))"],
    ["404", "{}", "select api.assign_task(0, 0)"],
  ])("takes %s for the others", async (otherwise, may, statement) => {
    const lines = await tap(`${people}; select tests.only('${may}', '${statement}', '${otherwise}', 'do it')`);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["ok", "ok", "ok"]);
  });

  test("becomes each of them whole: role, claims, and what `alter role` gave it", async () => {
    // Names are tried in their order, so the roles take turns.
    const cast = `
      delete from tests.people;
      alter role api_user set statement_timeout = '7s';
      select tests.define_user('A', '{"role": "api_user", "user_id": 1}');
      select tests.define_user('B', '{"role": "api_anonymous", "user_id": 2}');
      select tests.define_user('C', '{"role": "api_user", "user_id": 3}');
      select tests.define_user('D', '{"role": "api_user", "user_id": 4}')`;
    const seen = (setting: string, value: string): string =>
      `select where current_setting(''${setting}'') = ''${value}''`;
    const only = (people: string, statement: string): string =>
      `select tests.only('${people}', '${statement}', 'sees_no_row', 'x')`;
    const lines = await tap(`${cast};
      ${only("{A,C,D}", seen("statement_timeout", "7s"))};
      ${only("{B}", seen("role", "api_anonymous"))};
      ${only("{A}", "select where current_setting(''request.jwt.claims'')::json ->> ''user_id'' = ''1''")};
      ${only("{D}", "select where current_setting(''request.jwt.claims'')::json ->> ''user_id'' = ''4''")}`);
    expect(lines.filter((line) => line.startsWith("not ok") || line.startsWith("#"))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("ok"))).toHaveLength(16);
  });

  test("leaves out whom it is told to, and ends as the owner", async () => {
    const lines = await tap(
      `${people}; select tests.only('{Adam}', '${RENAME}', 'filters', 'rename', except_for => '{Vera}'); select current_user`,
    );
    expect(lines).toEqual(["ok 1 - Adam may rename", "ok 2 - Stella may not rename", "tm_db"]);
  });

  test.each([
    ["somebody who is not there", "'{Adma}', 'select 1', 'filters'", "there is no user Adma"],
    ["an end that is none", "'{}', 'select 1', 'fails'", "an attempt does not end as fails"],
    ["no row without a control", "'{}', 'select 1', 'sees_no_row'", "that nobody sees a row proves nothing"],
  ])("refuses %s", async (_, args, message) => {
    await expect(tap(`select tests.only(${args}, 'x')`)).rejects.toThrow(message);
  });
});

describe("an attempt", () => {
  test("ends the same way inside a function and in a procedure", async () => {
    const insert = "insert into api.projects (name, owner_id) values ('x', tests.id('Olga'))";
    const lines = await tap(
      `create function api.make() returns void language sql as $$ ${insert} $$;
       create procedure api.make_too() language sql as $$ ${insert} $$;
       create function api.peek() returns text language sql as 'select min(email) from api.users';
       grant execute on all routines in schema api to api_user;
       select tests.as_user('Vera');
       select tests.refuses('select api.make()', 'it');
       select tests.refuses('call api.make_too()', 'it');
       select tests.denies('select api.peek()', 'it');
       select tests.denies('select set_config(''role'', ''postgres'', true)', 'it')`,
    );
    expect(lines).toEqual(["ok 1 - it", "ok 2 - it", "ok 3 - it", "ok 4 - it"]);
  });

  test.each([
    ["select 1", "POST"],
    ["INSERT into t values (1)", "POST"],
    [" update t set a = 1", "PATCH"],
    ["-- all\n  delete from t", "DELETE"],
  ])("of %j is a %s", async (statement, method) => {
    expect(await tap(`select tests._method(e'${statement.replace("\n", "\\n")}')`)).toEqual([method]);
  });

  test("leaves no row, no setting and no role behind, however it ends", async () => {
    const lines = await tap(
      `select tests.as_user('Adam');
       select tests.lets('delete from api.comments');
       select tests.lets('insert into api.projects (name) values (''New'')');
       select tests.raises('select 1 / 0', 400);
       select tests.lets('select set_config(''tests.mine'', ''x'', true)');
       select current_user, current_setting('tests.mine', true) = '', current_setting('transaction_read_only');
       select tests.back_to_owner();
       select count(*) from api.comments;
       select count(*) from api.projects where name = 'New'`,
    );
    expect(lines.slice(4)).toEqual(["api_user|true|off", "3", "0"]);
  });

  test("holds deferred constraints, as the end of a request does", async () => {
    const lines = await tap(
      `create table api.parents (id integer primary key);
       create table api.children (parent integer references api.parents deferrable initially deferred);
       grant insert on api.children to api_user;
       select tests.as_user('Vera');
       select tests.raises('insert into api.children values (7)', 409, 'it')`,
    );
    expect(lines).toEqual(["ok 1 - it"]);
  });

  test("without anybody is a mistake", async () => {
    await expect(tap(`select tests.can_see('${APOLLO}', 1)`)).rejects.toMatchObject({
      message: "nobody makes this request",
      hint: expect.stringContaining("tests.as_user"),
    });
  });

  test.each(["null", "''", "' '", "'select ' || null"])("of nothing is a mistake: %s", async (statement) => {
    await expect(tap(`select tests.as_user('Vera'); select tests.can_see(${statement}, 0)`)).rejects.toMatchObject({
      message: "there is no statement to try",
      hint: expect.any(String),
    });
  });

  test("has a title of its own when it is given none", async () => {
    expect(await tap("select tests.as_user('Vera'); select tests.lets('select 1', 1)")).toEqual([
      "ok 1 - Vera is let, with 1 row: select 1",
    ]);
  });

  test("tells which tables it touched, also under views, and as whom", async () => {
    const lines = await tap(
      `select tests.as_user('Vera');
       select tests.can_see('select * from api.project_details', 2);
       select tests.refuses('insert into api.tasks (title, project_id) values (''x'', 1)');
       select tests.filters('delete from api.comments');
       select tests.as_anonymous();
       select tests.denies('select * from api.users');
       select tests.back_to_owner();
       select role_name, command, relation from tests.touched() order by relation::text, command`,
    );
    expect(lines.filter((line) => line.includes("|"))).toEqual([
      "api_user|delete|api.comments",
      "api_user|select|api.projects",
      "api_user|insert|api.tasks",
      "api_user|select|api.users",
      "api_user|select|stats.project_figures",
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const OURS = "'{api,auth,stats,internal}'::text[]";

/** A rule is a query for what breaks it, and another for how much there was to look at. */
async function expectNone(offenders: string, population: string): Promise<void> {
  expect(await db.value<number>(population)).toBeGreaterThan(0);
  expect(await db.rows(offenders)).toEqual([]);
}

const RELATIONS = `from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where n.nspname = any (${OURS})`;
const FUNCTIONS = `from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname = any (${OURS}) and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')`;
const POLICIES = `from pg_policies where schemaname = any (${OURS})`;

describe("tables", () => {
  test("defect 69: every foreign key has an index that begins with its columns", async () => {
    await expectNone(
      `select c.conrelid::regclass::text as relation, c.conname
       from pg_constraint as c
       where c.contype = 'f' and c.connamespace::regnamespace::text = any (${OURS})
         and not exists (
           select from pg_index as i
           where i.indrelid = c.conrelid and i.indisvalid
             and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey
             -- A partial index serves it when it leaves out nulls only, which refer to nothing.
             and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
         )`,
      "select count(*) from pg_constraint where contype = 'f' and connamespace = 'api'::regnamespace",
    );
  });

  test("every table of the API has row-level security, and policies", async () => {
    await expectNone(
      `select c.relname ${RELATIONS} and n.nspname = 'api' and c.relkind in ('r', 'p')
         and not (c.relrowsecurity and exists (select from pg_policy as p where p.polrelid = c.oid))`,
      `select count(*) ${RELATIONS} and n.nspname = 'api' and c.relkind = 'r'`,
    );
  });

  test("every index is valid, and no two are the same", async () => {
    await expectNone(
      `select indexrelid::regclass::text from pg_index as i join pg_class as c on c.oid = i.indrelid
       where c.relnamespace::regnamespace::text = any (${OURS}) and not i.indisvalid
       union all
       select min(indexrelid::regclass::text) from pg_index as i join pg_class as c on c.oid = i.indrelid
       where c.relnamespace::regnamespace::text = any (${OURS})
       group by indrelid, indkey::text, indclass::text, pg_get_expr(indpred, indrelid), indexprs::text, indoption::text having count(*) > 1`,
      `select count(*) ${RELATIONS} and c.relkind = 'i'`,
    );
  });

  test("ids are generated always, and times carry their zone", async () => {
    await expectNone(
      `select c.relname, a.attname ${RELATIONS.replace("where", "join pg_attribute as a on a.attrelid = c.oid where")}
         and c.relkind = 'r' and a.attnum > 0
         and (a.atttypid = 'timestamp'::regtype or a.attname = 'id' and (a.attidentity <> 'a' or a.atttypid <> 'bigint'::regtype))`,
      `select count(*) ${RELATIONS} and c.relkind = 'r'`,
    );
  });
});

describe("policies", () => {
  test("are for one command, to api_user, and bear their command's name", async () => {
    await expectNone(
      `select tablename, policyname ${POLICIES}
         and (cmd = 'ALL' or roles <> '{api_user}' or permissive <> 'PERMISSIVE' or policyname !~ ('^' || lower(cmd) || '_[a-z_]+$'))`,
      `select count(*) ${POLICIES}`,
    );
  });

  test("of updates say both what may be changed and what it may become", async () => {
    await expectNone(
      `select tablename, policyname ${POLICIES} and cmd = 'UPDATE' and (qual is null or with_check is null)`,
      `select count(*) ${POLICIES} and cmd = 'UPDATE'`,
    );
  });

  test("take the caller's projects as an array, computed once", async () => {
    await expectNone(
      `select tablename, policyname, qual, with_check ${POLICIES} and tablename in ('tasks', 'comments', 'projects')
         and coalesce(qual, with_check) !~ 'ANY \\(|owner_id = \\( ?SELECT'`,
      `select count(*) ${POLICIES} and tablename = 'tasks'`,
    );
  });
});

describe("views", () => {
  test("run with the rights of who reads them", async () => {
    await expectNone(
      `select c.relname ${RELATIONS} and c.relkind = 'v' and not coalesce(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}'`,
      `select count(*) ${RELATIONS} and c.relkind = 'v' and n.nspname = 'api'`,
    );
  });

  test("list their columns, so that none appears in the API by itself", async () => {
    expect(
      await db.rows(
        "select table_name, array_agg(column_name::text order by ordinal_position) as columns from information_schema.columns where table_schema = 'api' and table_name in ('project_stats', 'user_profiles', 'project_details') group by 1 order by 1",
      ),
    ).toEqual([
      {
        table_name: "project_details",
        columns: expect.arrayContaining([
          "id",
          "name",
          "description",
          "created_at",
          "owner_id",
          "owner_name",
          "task_count",
          "completed_task_count",
        ]),
      },
      {
        table_name: "project_stats",
        columns: ["project_id", "name", "total_tasks", "completed_tasks", "member_count"],
      },
      { table_name: "user_profiles", columns: ["id", "email", "name", "created_at"] },
    ]);
  });
});

describe("functions", () => {
  test("defect 15: none is executable by everybody, and anonymous may call register and login only", async () => {
    await expectNone(
      `select p.oid::regprocedure::text as function ${FUNCTIONS}
         and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0)`,
      `select count(*) ${FUNCTIONS}`,
    );
    expect(
      (
        await db.rows<{ name: string }>(
          `select p.proname as name ${FUNCTIONS} and n.nspname = 'api' and has_function_privilege('api_anonymous', p.oid, 'execute') order by 1`,
        )
      ).map(({ name }) => name),
    ).toEqual(["login", "register"]);
  });

  test("of the API are each granted to users by name, and what signs or checks passwords to nobody", async () => {
    const granted = async (role: string, schema: string): Promise<string[]> =>
      (
        await db.rows<{ name: string }>(
          `select p.proname as name ${FUNCTIONS} and n.nspname = $2 and has_function_privilege($1, p.oid, 'execute') order by 1`,
          [role, schema],
        )
      ).map(({ name }) => name);
    expect(await granted("api_user", "api")).toEqual([
      "add_member",
      "add_task_tag",
      "assign_task",
      "change_password",
      "change_task_status",
      "delete_account",
      "find_tasks",
      "login",
      "remove_task_tag",
      "search_tasks",
      "transfer_project",
    ]);
    const secret = /sign|issue|hash|check_password|secret/;
    expect((await granted("tm_db", "auth")).filter((name) => secret.test(name)).length).toBeGreaterThan(2);
    for (const role of ["api_user", "api_anonymous", "authenticator"]) {
      expect(
        (await granted(role, "auth")).filter((name) => secret.test(name)),
        role,
      ).toEqual([]);
    }
  });

  test("defect 40: with the definer's rights pin an empty search path, and belong to no superuser", async () => {
    await expectNone(
      `select p.oid::regprocedure::text as function ${FUNCTIONS} and p.prosecdef
         and (not coalesce(p.proconfig, '{}') @> array['search_path=""'] or (select r.rolsuper from pg_roles as r where r.oid = p.proowner))`,
      `select count(*) ${FUNCTIONS} and p.prosecdef`,
    );
  });

  test("made later are executable by nobody but their owner", async () => {
    const owner = await db.connect("owner");
    await owner.query("begin");
    await owner.query("create function api.made_later() returns integer language sql as 'select 1'");
    const { rows } = await owner.query(
      "select rolname from pg_roles where rolname = any ('{api_anonymous,api_user,authenticator,pg_monitor}') and has_function_privilege(oid, 'api.made_later()', 'execute')",
    );
    await owner.query("rollback");
    expect(rows).toEqual([]);
  });

  test("of the API return what the contract says", async () => {
    const { rows } = {
      rows: await db.rows<{ signature: string; result: string }>(
        `select p.oid::regprocedure::text as signature, pg_get_function_result(p.oid) as result ${FUNCTIONS} and n.nspname = 'api' order by 1`,
      ),
    };
    expect(rows).toEqual(
      expect.arrayContaining([
        { signature: "api.login(text,text)", result: "auth.jwt_token" },
        { signature: "api.register(text,text,text)", result: "auth.jwt_token" },
        { signature: "api.assign_task(bigint,bigint)", result: "api.task_details" },
        { signature: "api.change_task_status(bigint,text)", result: "api.task_details" },
        { signature: "api.add_task_tag(bigint,text)", result: "api.task_details" },
        { signature: "api.remove_task_tag(bigint,text)", result: "api.task_details" },
        { signature: "api.search_tasks(text)", result: "SETOF api.task_details" },
        { signature: "api.find_tasks(jsonb)", result: "SETOF api.task_details" },
      ]),
    );
  });
});

describe("privileges", () => {
  test("defect 09: each role has on each table and view of the API what is meant for it, and no more", async () => {
    const granted = await db.rows(
      `select c.relname as relation, r.rolname as role, string_agg(k.privilege, ',' order by k.privilege) as privileges
       from pg_class as c
       cross join (values ('api_anonymous'), ('api_user'), ('authenticator')) as r (rolname)
       cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) as k (privilege)
       where c.relnamespace = 'api'::regnamespace and c.relkind in ('r', 'v', 'm')
         and (has_table_privilege(r.rolname, c.oid, k.privilege)
           or k.privilege in ('select', 'insert', 'update', 'references') and has_any_column_privilege(r.rolname, c.oid, k.privilege))
       group by 1, 2 order by 1`,
    );
    const user = (relation: string, privileges: string) => ({ relation, role: "api_user", privileges });
    expect(granted).toEqual([
      user("comments", "delete,insert,select,update"),
      user("project_activity", "select"),
      user("project_details", "select"),
      user("project_members", "delete,insert,select,update"),
      user("project_stats", "select"),
      user("projects", "delete,insert,select,update"),
      user("task_details", "select"),
      user("tasks", "delete,insert,select,update"),
      user("user_profiles", "select"),
      user("users", "select,update"),
    ]);
  });

  test("no API role creates anything, in any schema or in the database", async () => {
    await expectNone(
      `select r.rolname, n.nspname from pg_namespace as n cross join pg_roles as r
       where r.rolname = any ('{api_anonymous,api_user,authenticator}') and n.nspname !~ '^pg_(temp|toast)'
         and (has_schema_privilege(r.oid, n.oid, 'create') or has_database_privilege(r.oid, current_database(), 'create'))`,
      "select count(*) from pg_roles where rolname = any ('{api_anonymous,api_user,authenticator}')",
    );
  });

  test("no API role reaches the schemas of figures and trigger functions", async () => {
    await expectNone(
      `select r.rolname, n.nspname from pg_namespace as n cross join pg_roles as r
       where r.rolname = any ('{api_anonymous,authenticator}') and n.nspname in ('stats', 'internal') and has_schema_privilege(r.oid, n.oid, 'usage')`,
      "select count(*) from pg_namespace where nspname in ('stats', 'internal')",
    );
  });
});

describe("roles", () => {
  test("have no more rights than they need", async () => {
    expect(
      await db.rows(
        `select rolname, rolcanlogin, rolinherit and rolcanlogin as inherits from pg_roles
         where rolname = any ('{api_anonymous,api_user,authenticator}') and not (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication) order by 1`,
      ),
    ).toEqual([
      { rolname: "api_anonymous", rolcanlogin: false, inherits: false },
      { rolname: "api_user", rolcanlogin: false, inherits: false },
      { rolname: "authenticator", rolcanlogin: true, inherits: false },
    ]);
    expect(
      await db.rows(
        "select roleid::regrole::text as role from pg_auth_members where member = 'authenticator'::regrole order by 1",
      ),
    ).toEqual([{ role: "api_anonymous" }, { role: "api_user" }]);
  });

  test("that are superusers own nothing here", async () => {
    await expectNone(
      `select c.relname as name ${RELATIONS} and (select rolsuper from pg_roles where oid = c.relowner)
       union all select p.proname ${FUNCTIONS} and (select rolsuper from pg_roles where oid = p.proowner)
       union all select nspname from pg_namespace where nspname = any (${OURS}) and (select rolsuper from pg_roles where oid = nspowner)`,
      `select count(*) ${RELATIONS}`,
    );
  });
});

describe("comments", () => {
  test("describe every schema, table, view, column and function of the API", async () => {
    await expectNone(
      `select c.relname::text as name ${RELATIONS} and n.nspname = 'api' and c.relkind in ('r', 'v', 'm') and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
       union all
       select c.relname || '.' || a.attname ${RELATIONS.replace("where", "join pg_attribute as a on a.attrelid = c.oid where")}
         and n.nspname = 'api' and c.relkind in ('r', 'v', 'm') and a.attnum > 0 and not a.attisdropped and coalesce(col_description(c.oid, a.attnum), '') = ''
       union all
       select p.oid::regprocedure::text ${FUNCTIONS} and n.nspname = 'api' and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
       union all
       select nspname from pg_namespace where nspname = any (${OURS}) and coalesce(obj_description(oid, 'pg_namespace'), '') = ''`,
      `select count(*) ${RELATIONS} and n.nspname = 'api' and c.relkind = 'v'`,
    );
  });
});

describe("names", () => {
  test("are whole: none is so long that PostgreSQL cut it", async () => {
    await expectNone(
      `select c.relname as name ${RELATIONS} and octet_length(c.relname) >= 63
       union all select p.proname ${FUNCTIONS} and octet_length(p.proname) >= 63
       union all select conname from pg_constraint where connamespace::regnamespace::text = any (${OURS}) and octet_length(conname) >= 63
       union all select policyname ${POLICIES} and octet_length(policyname) >= 63`,
      `select count(*) ${RELATIONS}`,
    );
  });
});

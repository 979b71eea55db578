import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject } from "./project.ts";

/** A project of another shape than the reference database, whose folders, roles, schemas, keys and names are all others. */
const SUPABASE = fileURLToPath(new URL("../projects/supabase", import.meta.url));

async function supabaseProject(): Promise<EngineProject> {
  const project = await engineProject();
  for (const name of ["supabase", "tm-db.config.json"]) {
    cpSync(join(SUPABASE, name), join(project.dir, name), { recursive: true });
  }
  // Migrations are added by hand here.
  project.write({ "supabase/migrations/tm-db.sum": null });
  return project;
}

/** Replaces text in a file of the project; what is not there to be replaced is a mistake of the test. */
function edited(path: string, ...changes: readonly (readonly [string, string])[]): Record<string, string> {
  let text = readFileSync(join(SUPABASE, "supabase", path), "utf8");
  for (const [before, after] of changes) {
    expect(text).toContain(before);
    text = text.replaceAll(before, after);
  }
  return { [`supabase/${path}`]: text };
}

const F = "schemas/functions";
const P = "schemas/policies";
const V = "schemas/views";

/** Edits that PostgreSQL makes hard: what cannot be replaced in place, and what others depend on. */
const EDITS: Readonly<Record<string, () => Readonly<Record<string, string | null>>>> = {
  "a default is taken from an argument that policies call the function without": () => ({
    ...edited(`${F}/private/organisations.sql`, [" default '{viewer,editor,admin}')", ")"]),
    ...Object.fromEntries(
      ["public/organisations", "public/memberships"].flatMap((name) =>
        Object.entries(
          edited(`${P}/${name}.sql`, ["private.organisations()", "private.organisations('viewer', 'editor', 'admin')"]),
        ),
      ),
    ),
    ...edited(`${P}/public/documents.sql`, [
      "private.organisations()",
      "private.organisations('viewer', 'editor', 'admin')",
    ]),
    ...edited(`${F}/private/peers.sql`, [
      "private.organisations()",
      "private.organisations('viewer', 'editor', 'admin')",
    ]),
  }),
  "a variadic argument becomes an array": () => edited(`${F}/public/find_documents.sql`, ["variadic states", "states"]),
  "an argument is renamed": () => edited(`${F}/public/invite.sql`, ["as_role", "with_role"]),
  "an argument in the middle gets a default": () =>
    edited(`${F}/public/create_document.sql`, ["  title text,", "  title text default 'Untitled',"]),
  "one of two overloads goes": () => {
    const [first] = readFileSync(join(SUPABASE, "supabase", F, "public/find_documents.sql"), "utf8").split(
      "\n\ncreate",
    );
    return { [`supabase/${F}/public/find_documents.sql`]: `${first}\n` };
  },
  "a third overload comes": () => ({
    [`supabase/${F}/public/find_documents_of.sql`]:
      "create function public.find_documents(organisation uuid, query text)\n  returns setof public.documents\n  language sql\nas $$ select d.* from public.find_documents(query) as d where d.organisation_id = organisation $$;\n",
  }),
  "a restrictive policy becomes permissive": () => edited(`${P}/public/documents.sql`, ["  as restrictive\n", ""]),
  "a policy is renamed and given to others": () =>
    edited(
      `${P}/public/documents.sql`,
      ["Editors write", 'Editors ""write""'],
      ["for insert\n  to authenticated", "for insert\n  to authenticated, service_role"],
    ),
  "the columns of a view change their order": () =>
    edited(`${V}/Billing/Invoice.Totals.sql`, [
      `    l."Organisation",\n    count(*) as "Lines",`,
      `    count(*) as "Lines",\n    l."Organisation",`,
    ]),
  "a partition's protection goes": () => ({ [`supabase/${P}/public/events_2024.sql`]: null }),
  "a partition comes, with its protection": () => ({
    "supabase/migrations/20240105000000_2025.sql":
      "-- Another year.\n\n-- Up Migration\ncreate table public.events_2025 partition of public.events for values from ('2025-01-01Z') to ('2026-01-01Z');\n\n-- Down Migration\ndrop table public.events_2025;\n",
    [`supabase/${P}/public/events_2025.sql`]: "alter table public.events_2025 enable row level security;\n",
  }),
  "a value of an enum is renamed": () => ({
    "supabase/migrations/20240105000000_final.sql":
      "-- Up Migration\nalter type public.document_state rename value 'locked' to 'final';\n\n-- Down Migration\nalter type public.document_state rename value 'final' to 'locked';\n",
    ...edited(`${P}/public/documents.sql`, ["state <> 'locked'", "state <> 'final'"]),
  }),
  "a column that a policy, a view and a function's row type hold changes its type": () => ({
    "supabase/migrations/20240105000000_bodies.sql":
      "-- tm-db: retract supabase/schemas/views/public/published_documents.sql\n\n-- Up Migration\nalter table public.documents drop column words;\nalter table public.documents alter column body type varchar(1000000);\nalter table public.documents add column words bigint generated always as (length(body)) stored;\n\n" +
      "-- Down Migration\nalter table public.documents drop column words;\nalter table public.documents alter column body type text;\nalter table public.documents add column words integer generated always as (cardinality(regexp_split_to_array(btrim(body), '\\s+'))) stored;\n",
  }),
  "a table that has a trigger on another schema's table loses it": () => ({
    [`supabase/${F}/private/handle_new_user.sql`]: null,
  }),
  "default privileges change": () => ({
    "supabase/migrations/20240105000000_defaults.sql":
      "-- Up Migration\nalter default privileges revoke execute on functions from public;\n" +
      'alter default privileges in schema "Billing" revoke select on tables from service_role;\n\n' +
      "-- Down Migration\nalter default privileges grant execute on functions to public;\n" +
      'alter default privileges in schema "Billing" grant select on tables to service_role;\n',
  }),
};

describe("an edit is deployed as if it had always been so, and taken back:", () => {
  test.each(Object.entries(EDITS))("%s", async (_, edit) => {
    const project = await supabaseProject();
    await project.migrate();
    const before = await project.catalog();
    project.write(edit());
    await project.migrate();
    expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
    await project.rollback();
    expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  });
});

/** Adds a value to an enum, and a policy that names it. */
function archiving(header: string): Record<string, string> {
  return {
    "supabase/migrations/20240105000000_archived.sql": `${header}-- Up Migration\nalter type public.document_state add value 'archived';\n`,
    ...edited(`${P}/public/documents.sql`, ["state <> 'locked'", "state not in ('locked', 'archived')"]),
  };
}

test("a value that is added to an enum can be used by a policy of the same deployment, in an old database and in a new one", async () => {
  const project = await supabaseProject();
  await project.migrate();
  project.write(archiving("-- tm-db: no-transaction\n\n"));
  await project.migrate();
  expect(await compareCatalogs(await project.freshCatalog(), await project.catalog())).toEqual([]);
});

test("in one transaction it cannot, and the error says how it can", async () => {
  const project = await supabaseProject();
  await project.migrate();
  project.write(archiving(""));
  await expect(project.migrate()).rejects.toMatchObject({
    sqlState: "55P04",
    hint: expect.stringContaining("-- tm-db: no-transaction"),
    location: { file: "supabase/schemas/policies/public/documents.sql" },
  });
});

test("a function that is there before default privileges change is afterwards as open as one that comes later", async () => {
  const project = await supabaseProject();
  await project.migrate();
  const open = (): Promise<unknown[]> =>
    project.query("select has_function_privilege('anon', 'public.find_documents(text)', 'execute') as open");
  expect(await open()).toEqual([{ open: true }]);
  project.write(EDITS["default privileges change"]?.() ?? {});
  await project.migrate();
  expect(await open()).toEqual([{ open: false }]);
});

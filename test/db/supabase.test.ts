import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, test } from "vitest";
import { plan } from "../../src/app/plan.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

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
      "-- Down Migration\nalter table public.documents drop column words;\nalter table public.documents alter column body type text;\nalter table public.documents add column words integer generated always as (private.count_words(body)) stored;\n",
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
  const options = { projectDir: project.dir, databaseUrl: connectionUrl(project.spec), env: {}, onEvent: () => {} };
  const { locks } = await plan({ ...options, locks: true });
  expect(locks?.statements.map(({ statement }) => statement)).toContain("taken back for new default privileges");
  await project.migrate();
  expect(await open()).toEqual([{ open: false }]);
});

describe("on a managed server, where the platform's own schemas are there and belong to others", () => {
  const PLATFORM = `
    do $$ begin create role platform_admin; exception when duplicate_object then null; end $$;
    create schema extensions authorization platform_admin;
    create extension citext with schema extensions;
    create schema auth authorization platform_admin;
    create schema storage authorization platform_admin;
    grant usage on schema public, auth, storage, extensions to anon, authenticated, service_role, OWNER;
    create table auth.users (id uuid primary key default gen_random_uuid(), email extensions.citext unique not null,
      raw_app_meta_data jsonb not null default '{}', raw_user_meta_data jsonb not null default '{}', encrypted_password text);
    create table auth.sessions (id uuid primary key, user_id uuid references auth.users on delete cascade);
    create function auth.jwt() returns jsonb language sql stable as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
    create function auth.uid() returns uuid language sql stable as $$ select (auth.jwt() ->> 'sub')::uuid $$;
    create table storage.objects (id uuid primary key default gen_random_uuid(), bucket_id text, name text, owner_id uuid, unique (bucket_id, name));
    alter table auth.users owner to platform_admin;
    alter table auth.sessions owner to platform_admin;
    alter function auth.jwt() owner to platform_admin;
    alter function auth.uid() owner to platform_admin;
    grant all on auth.users, auth.sessions to OWNER;
    alter table storage.objects owner to OWNER;
  `;

  test("all works, and going back leaves the platform as it was", async () => {
    const project = await supabaseProject();
    const { superuser, owner } = inject("server");
    // Makes the roles.
    await (await supabaseProject()).migrate();
    await queryRows(
      { ...superuser, database: project.spec.database },
      PLATFORM.replaceAll("OWNER", quoteIdent(owner.user ?? "")),
    );
    const platform = await project.catalog();
    await expect(project.migrate()).rejects.toMatchObject({ code: "DATABASE_NOT_EMPTY" });
    await project.migrate({ allowNonEmpty: true });
    const deployed = await project.catalog();
    // Its trigger is on auth.users, which is not ours to take a trigger from.
    project.write(edited(`${F}/private/handle_new_user.sql`, ["after insert", "after insert or update"]));
    await project.migrate();
    expect(await compareCatalogs(deployed, await project.catalog())).toMatchObject([
      { object: "trigger on_auth_user_created on auth.users" },
    ]);
    await project.rollback();
    expect(await compareCatalogs(deployed, await project.catalog())).toEqual([]);
    await project.rollback({ kind: "all" });
    expect(await compareCatalogs(platform, await project.catalog())).toEqual([]);
  });
});

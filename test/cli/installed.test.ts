import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cliProject, REPOSITORY } from "./run-cli.ts";

/** What `npm pack` packs. */
let packed: readonly string[] = [];
/** A folder in which the package is installed as npm would: its own files, and the packages that it asks for. */
let home = "";
const installed = (): string => join(home, "node_modules/tm-db");
const tsc = join(REPOSITORY, "node_modules/typescript/bin/tsc");

beforeAll(() => {
  home = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tm-db-installed-"));
  const { packages } = JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly link?: boolean }>>;
  };
  for (const [path, { dev, link }] of Object.entries(packages)) {
    const isInstalled = dev !== true && link !== true && existsSync(join(REPOSITORY, path));
    if (!isInstalled || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
    mkdirSync(join(home, dirname(path)), { recursive: true });
    symlinkSync(join(REPOSITORY, path), join(home, path));
  }
  // Without its scripts: they would build under the feet of other tests.
  const options = { cwd: REPOSITORY, encoding: "utf8" } as const;
  const listed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], options);
  const [{ files } = { files: [] }] = JSON.parse(listed) as { readonly files: readonly { readonly path: string }[] }[];
  packed = files.map(({ path }) => path);
  for (const path of packed.filter((file) => !file.startsWith("types/")))
    cpSync(join(REPOSITORY, path), join(installed(), path));
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.types.json", "--outDir", join(installed(), "types")], options);
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

const SEED = `import type { Seed } from "tm-db/seeding";

export const seed: Seed = async ({ faker }) => {
  const rows = [1, 2].map((id) => [id, faker.lorem.word()]);
  return { tables: [{ table: "api.notes", columns: ["id", "note"], rows, count: rows.length }] };
};
`;

const NOTES = {
  "tm-db.config.json":
    '{ "exposedSchemas": ["api"], "roles": { "authenticator": "installed_login", "anonymous": "installed_anonymous" } }\n',
  "migrations/0001_notes.sql": `do $$
begin
  create role installed_anonymous nologin;
  create role installed_login login noinherit;
  grant installed_anonymous to installed_login;
exception
  when duplicate_object then
    null;
end
$$;
create schema api;
grant usage on schema api to installed_anonymous;
create table api.notes (id bigint primary key, note text);
-- Down Migration
drop schema api cascade;
`,
  "policies/api/notes.sql": `alter table api.notes enable row level security;
grant select on api.notes to installed_anonymous;
create policy select_public on api.notes for select to installed_anonymous using (note <> 'secret');
`,
  "seeds/dev.ts": SEED,
  "test/policies/notes.sql": `begin;
select no_plan();
insert into api.notes values (9, 'secret');
select tests.as_anonymous();
select tests.sees_nothing('select * from api.notes where note = $$secret$$', 'nobody sees a secret');
select * from finish();
rollback;
`,
};

test("it works with the packages that it asks for, and no other", async () => {
  expect(existsSync(join(home, "node_modules/pg"))).toBe(true);
  expect(existsSync(join(home, "node_modules/commander"))).toBe(false);
  const project = cliProject("empty", join(installed(), "bin/tm-db.js"));
  project.write(NOTES);
  for (const [args, words] of [
    [["--help"], "Build, take back and prove"],
    [["up"], "with development data"],
    [["test"], "passed: 1 test"],
    [["lint", "--all"], "no findings"],
    [["drift"], "no drift"],
    [["matrix"], "observed: 4 cells"],
    [["audit", "--fail-on", "never"], "none counts"],
    [["token", "--role", "installed_anonymous"], "eyJ"],
  ] as const) {
    const { code, stdout, stderr } = await project.run(args, {
      env: { TM_DB_JWT_SECRET: "0123456789abcdef0123456789abcdef" },
    });
    const said = `${stdout}${stderr}`;
    expect([args, code, said]).toEqual([args, 0, expect.stringContaining(words)]);
  }
});

test("its pages link to nothing that is not in it", () => {
  const broken = packed
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) => {
      const prose = readFileSync(join(installed(), path), "utf8").replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, "");
      const targets = [...prose.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target = ""]) => target);
      return targets
        .filter((target) => !existsSync(join(installed(), dirname(path), target)))
        .map((target) => `${path}: ${target}`);
    });
  expect(broken).toEqual([]);
  expect(packed).toContain("README.md");
});

test.each([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
])("its types hold in a program with module %s and moduleResolution %s", (module, moduleResolution) => {
  const dir = join(home, moduleResolution);
  mkdirSync(dir);
  const compilerOptions = { module, moduleResolution, target: "es2022", strict: true, noEmit: true, types: ["node"] };
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  writeFileSync(join(dir, "seed.ts"), SEED);
  writeFileSync(
    join(dir, "program.ts"),
    `import { migrate, TmDbError } from "tm-db";
import "tm-db/seeding";
import { policyTest } from "tm-db/testing";
const { steps } = await migrate({ projectDir: ".", env: {}, onEvent: (event) => console.log(event.kind) });
// @ts-expect-error: there is no such option.
await migrate({ projectDir: ".", env: {}, onEvent: () => {}, dryRum: true });
// @ts-expect-error: how the program itself calls it is nobody else's.
await migrate({ projectDir: ".", env: {}, onEvent: () => {}, endsProcess: true });
console.log(steps.length, TmDbError, policyTest);
`,
  );
  expect(spawnSync(process.execPath, [tsc, "-p", dir], { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "" });
  const loads = '"", "/seeding", "/testing"';
  const program = `for (const part of [${loads}]) await import("tm-db" + part); console.log("loaded");`;
  const run = ["--input-type=module", "-e", program];
  expect(execFileSync(process.execPath, run, { cwd: dir, encoding: "utf8" })).toBe("loaded\n");
});

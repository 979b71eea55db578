import { readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { EMBEDDED_MAJORS } from "./src/server/state-file.ts";

// Under root the server is another user, who has to pass folders that tests make.
process.umask(0o022);

/** The reference database is tested on every version, each with a server of its own for the time of the run. */
const databaseProjects = EMBEDDED_MAJORS.map((major) => ({
  extends: true as const,
  test: {
    name: `database-${major}`,
    include: ["test/database/**/*.test.ts", "test/http/**/*.test.ts"],
    // What says nothing more on another version.
    exclude: major === 18 ? [] : ["**/mutation.test.ts", "**/testing.test.ts", "**/matrix-changes.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    env: { TM_DB_TEST_PG: String(major) },
    // Threads start in half the time of processes, and these tests touch nothing that a process has only one of.
    pool: "threads" as const,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
}));

/**
 * The engine is tested on one version. Roles belong to the whole server, so what makes roles and what compares catalogs
 * get a server of their own each. The rules of the audit are below.
 */
const ENGINE = readdirSync("test/db").flatMap((file) => /^(?!audit)(.+)\.test\.ts$/.exec(file)?.[1] ?? []);
/** Since 16 memberships have options, who may rename a role is another, and a routine of unknown types is only unknown. */
const ON_15 = ["doctor", "drift", "meetings"];
const engineProjects = [...ENGINE, ...ON_15.map((name) => `${name}-15`)].map((name) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/db/${name.replace(/-15$/, "")}.test.ts`],
    globalSetup: ["test/support/global-setup.ts"],
    env: { TM_DB_TEST_PG: name.endsWith("-15") ? "15" : "18" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
}));

/** What passes messages of the database on, on one version and on one server for all its files. */
const realtimeProject = {
  extends: true as const,
  test: {
    name: "realtime",
    include: ["test/realtime/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    env: { TM_DB_TEST_PG: "18" },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
};

/** `import text from "./x.sql"` (or ".md"), as scripts/build.mjs bundles it. */
const sqlAsText = {
  name: "sql-as-text",
  transform: (text: string, id: string) =>
    /\.(sql|md)$/.test(id) ? { code: `export default ${JSON.stringify(text)};`, map: null } : null,
};

/** The rules of the audit read catalogs, which differ from one version to the next: the oldest and the newest. */
const auditProjects = [15, 18].map((major) => ({
  extends: true as const,
  test: {
    name: `audit-${major}`,
    include: ["test/db/audit-rules.test.ts", ...(major === 18 ? ["test/db/audit.test.ts"] : [])],
    globalSetup: ["test/support/global-setup.ts"],
    env: { TM_DB_TEST_PG: String(major) },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
}));

export default defineConfig({
  plugins: [sqlAsText],
  test: {
    // More than the processors only makes the ones that wait for each other slower.
    maxWorkers: 2,
    reporters: process.env["CI"] === undefined ? ["default"] : ["default", "junit"],
    outputFile: { junit: "test-results.xml" },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/unit/**/*.test.ts", "test/contracts/**/*.test.ts"], testTimeout: 10_000 },
      },
      {
        extends: true,
        test: { name: "server", include: ["test/server/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      ...engineProjects,
      realtimeProject,
      ...auditProjects,
      {
        extends: true,
        test: { name: "cli", include: ["test/cli/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      {
        extends: true,
        // One test, of every damage to the reference database; it takes its two minutes while the others run.
        test: { name: "mutation", include: ["test/mutation/*.test.ts"], testTimeout: 600_000, hookTimeout: 120_000 },
      },
      ...databaseProjects,
    ],
  },
});

import type { VerifyCheck, VerifyResult } from "../core/command-result.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import type { MigrationFile, ProjectFiles } from "../core/project-files.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { withScratchDatabase } from "../db/scratch-database.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type Catalog, compareCatalogs, readCatalog } from "../schema/catalog.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";
import { deploy } from "./deploy.ts";
import { takeBack } from "./rollback.ts";

/**
 * Proves that what is deployed can be taken back exactly: on a scratch database each migration goes up, down and up
 * again, then everything goes down to nothing and up again, and the catalogs are compared after each step. It ends at
 * the first way back that is not exact, since what is left over would blur every check after it.
 * @throws TmDbError, for example when the files themselves cannot be deployed.
 */
export async function verify(options: CommandOptions): Promise<VerifyResult> {
  const startedAt = Date.now();
  const project = await openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  const target = await openTarget(project, "start");
  const server = await withClient(target.maintenance, { signal: options.signal }, (client) =>
    Promise.resolve(nameOf({ connection: target.maintenance }, client)),
  );
  const checks = await withScratchDatabase(target.maintenance, { signal: options.signal }, async (scratch) => {
    return await withClient(scratch, { signal: options.signal }, async (client) => {
      return await new Verification(client, { project, files, target, scratch }).run();
    });
  });
  const holds = checks.every(({ differences }) => differences.length === 0);
  return { command: "verify", server, checks, holds, ms: Date.now() - startedAt };
}

interface VerificationInput {
  readonly project: Project;
  readonly files: ProjectFiles;
  readonly target: Target;
  readonly scratch: ConnectionSpec;
}

/** One walk over the migrations of a project, on a database of its own. */
class Verification {
  readonly #client: DatabaseClient;
  readonly #input: VerificationInput;
  readonly #checks: VerifyCheck[] = [];

  constructor(client: DatabaseClient, input: VerificationInput) {
    this.#client = client;
    this.#input = input;
  }

  async run(): Promise<readonly VerifyCheck[]> {
    const { files, project } = this.#input;
    const prepared = await prepareMigrations(project.config.projectDir, files.migrations);
    const empty = await this.#catalog();
    let before = empty;
    for (const [index, { file, entry }] of prepared.entries()) {
      const upTo = onlyNeeded({ ...files, migrations: files.migrations.slice(0, index + 1) });
      if (file.directives.needs.length > 0) {
        // The files that it needs may stay when it goes, so they are part of what was before it.
        await this.#deploy({ ...upTo, migrations: upTo.migrations.slice(0, -1) });
        before = await this.#catalog();
      }
      const after = await this.#verifyMigration(file, { upTo, before, hasWayBack: entry.downSql !== null });
      if (after === undefined) return this.#checks;
      before = after;
    }
    if (prepared.every(({ entry }) => entry.downSql !== null)) await this.#verifyWhole(empty);
    return this.#checks;
  }

  /** Returns the catalog after the migration; undefined where its way back left something to stumble over. */
  async #verifyMigration(
    file: MigrationFile,
    given: { readonly upTo: ProjectFiles; readonly before: Catalog; readonly hasWayBack: boolean },
  ): Promise<Catalog | undefined> {
    const { upTo, before, hasWayBack } = given;
    await this.#deploy(upTo);
    const after = await this.#catalog();
    if (!hasWayBack) {
      this.#checks.push({ subject: file.path, check: "no way back", differences: [] });
      return after;
    }
    await this.#takeBack({ kind: "steps", count: 1 });
    if (!(await this.#compare(file.path, "down", before))) return undefined;
    await this.#deploy(upTo);
    await this.#compare(file.path, "up again", after);
    return after;
  }

  async #verifyWhole(empty: Catalog): Promise<void> {
    const { files } = this.#input;
    await this.#deploy(files);
    const whole = await this.#catalog();
    await this.#takeBack({ kind: "all" });
    if (!(await this.#compare("everything", "down", empty))) return;
    await this.#deploy(files);
    await this.#compare("everything", "up again", whole);
    const steps = await this.#deploy(files);
    const differences = steps.map(({ path }) => ({ kind: "extra" as const, object: path, detail: "" }));
    this.#checks.push({ subject: "everything", check: "nothing to do", differences });
  }

  async #deploy(files: ProjectFiles) {
    const { project, target, scratch } = this.#input;
    // Not the authenticator's password: the role belongs to the server, and others may use it.
    const scratchTarget: Target = { ...target, connection: scratch, authenticatorPassword: undefined };
    const { steps } = await deploy(this.#client, { project, target: scratchTarget, files, options: {} });
    return steps;
  }

  async #takeBack(to: { readonly kind: "steps"; readonly count: number } | { readonly kind: "all" }): Promise<void> {
    const { project, scratch } = this.#input;
    await takeBack(this.#client, { project, target: { connection: scratch }, options: { to } });
  }

  async #catalog(): Promise<Catalog> {
    return await readCatalog(this.#input.scratch);
  }

  async #compare(subject: string, check: VerifyCheck["check"], expected: Catalog): Promise<boolean> {
    const differences = await compareCatalogs(expected, await this.#catalog());
    this.#checks.push({ subject, check, differences });
    return differences.length === 0;
  }
}

/** Migrations by themselves: with the functions that they need, and without what is applied after them. */
function onlyNeeded(files: ProjectFiles): ProjectFiles {
  const needed = new Set(files.migrations.flatMap(({ directives }) => directives.needs));
  return { ...files, repeatables: files.repeatables.filter(({ path }) => needed.has(path)) };
}

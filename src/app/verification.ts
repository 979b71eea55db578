import type { VerifyCheck } from "../core/command-result.ts";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { PreparedMigration } from "../deploy/apply.ts";
import type { SeedFile } from "../files/find-seed.ts";
import { type Catalog, compareCatalogs, readCatalog } from "../schema/catalog.ts";
import type { Project, Target } from "./context.ts";
import { deploy } from "./deploy.ts";
import { takeBack } from "./rollback.ts";

export interface VerificationInput {
  readonly project: Project;
  readonly files: ProjectFiles;
  /** The same migrations, in the same order. */
  readonly prepared: readonly PreparedMigration[];
  readonly target: Target;
  readonly scratch: ConnectionSpec;
  /** The development data, if the project has some. */
  readonly seed: SeedFile | undefined;
}

/** Refusals that say something of a migration, and nothing of the server or the person at the keyboard. */
const FAILURES = new Set(["SQL_ERROR", "OBJECT_HELD", "OBJECT_EXISTS"]);

/** A walk over the migrations of a project, on a database of its own. */
export class Verification {
  readonly client: DatabaseClient;
  readonly input: VerificationInput;
  readonly #checks: VerifyCheck[] = [];
  #empty: Catalog | undefined;

  constructor(client: DatabaseClient, input: VerificationInput) {
    this.client = client;
    this.input = input;
  }

  get checks(): readonly VerifyCheck[] {
    return this.#checks;
  }

  /** Checks one migration after the other; ends after one that is not exact. Returns the number of the next one. */
  async migrations(from: number): Promise<number> {
    const { prepared } = this.input;
    this.#empty = await this.#catalog();
    if (from > 0) await this.deploy(this.upTo(from - 1));
    let before = from > 0 ? await this.#catalog() : this.#empty;
    for (const [index, { file, entry }] of prepared.entries()) {
      if (index < from) continue;
      if (file.directives.needs.length > 0) {
        // The files that it needs may stay when it goes, so they are part of what was before it.
        const upTo = this.upTo(index);
        await this.deploy({ ...upTo, migrations: upTo.migrations.slice(0, -1) });
        before = await this.#catalog();
      }
      const after = await this.#migration(index, { before, hasWayBack: entry.downSql !== null });
      if (after === undefined) return index + 1;
      before = after;
    }
    return prepared.length;
  }

  /** Returns the catalog after the migration; undefined where something is left to stumble over. */
  async #migration(
    index: number,
    { before, hasWayBack }: { readonly before: Catalog; readonly hasWayBack: boolean },
  ): Promise<Catalog | undefined> {
    const subject = this.input.prepared[index]?.file.path ?? "";
    await this.deploy(this.upTo(index));
    const after = await this.#catalog();
    if (!hasWayBack) {
      this.add({ subject, check: "no way back" });
      return after;
    }
    if (!(await this.attempt(subject, "down", async () => await this.takeBack()))) return undefined;
    if (!(await this.#compare(subject, "down", before))) return undefined;
    if (!(await this.attempt(subject, "up again", async () => await this.deploy(this.upTo(index))))) return undefined;
    return (await this.#compare(subject, "up again", after)) ? after : undefined;
  }

  /** Everything down to nothing, up again, and a second deployment that has nothing to do. */
  async everything(): Promise<void> {
    const { files } = this.input;
    await this.deploy(files);
    const whole = await this.#catalog();
    await takeBack(this.client, { ...this.#given(), options: { to: { kind: "all" } } });
    if (this.#empty === undefined || !(await this.#compare("everything", "down", this.#empty))) return;
    await this.deploy(files);
    await this.#compare("everything", "up again", whole);
    const steps = await this.deploy(files);
    const differences = steps.map(({ path }) => ({ kind: "extra" as const, object: path, detail: "" }));
    this.add({ subject: "everything", check: "nothing to do", differences });
  }

  /** The migrations up to a number by themselves: with the files they need, and without what is applied after them. */
  upTo(index: number): ProjectFiles {
    const { files } = this.input;
    const migrations = files.migrations.slice(0, index + 1);
    const needed = new Set(migrations.flatMap(({ directives }) => directives.needs));
    return { migrations, repeatables: files.repeatables.filter(({ path }) => needed.has(path)) };
  }

  async deploy(files: ProjectFiles) {
    const { project, target, scratch } = this.input;
    // Not the authenticator's password: the role belongs to the server, and others may use it.
    const scratchTarget: Target = { ...target, connection: scratch, authenticatorPassword: undefined };
    const { steps } = await deploy(this.client, { project, target: scratchTarget, files, options: {} });
    return steps;
  }

  /** Takes the last migration back. */
  async takeBack(): Promise<void> {
    await takeBack(this.client, { ...this.#given(), options: { to: { kind: "steps", count: 1 } } });
  }

  /** Runs something that a migration may make fail; then that is the check's outcome, and the answer false. */
  async attempt(subject: string, check: VerifyCheck["check"], work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof TmDbError) || !FAILURES.has(error.code)) throw error;
      const { location, message } = error;
      const at = location === undefined ? "" : `${location.file}:${location.line}:${location.column} `;
      this.add({ subject, check, failure: `${at}${message}` });
      return false;
    }
  }

  add(found: Pick<VerifyCheck, "subject" | "check"> & Partial<VerifyCheck>): void {
    this.#checks.push({ differences: [], failure: null, ...found });
  }

  #given() {
    return { project: this.input.project, target: { connection: this.input.scratch } };
  }

  async #catalog(): Promise<Catalog> {
    return await readCatalog(this.input.scratch, { signal: this.input.project.options.signal });
  }

  async #compare(subject: string, check: VerifyCheck["check"], expected: Catalog): Promise<boolean> {
    const differences = await compareCatalogs(expected, await this.#catalog());
    this.add({ subject, check, differences });
    return differences.length === 0;
  }
}

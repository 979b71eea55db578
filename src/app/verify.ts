import type { VerifyCheck, VerifyGap, VerifyResult } from "../core/command-result.ts";
import { withClient } from "../db/client.ts";
import { dropRoles } from "../db/drop-roles.ts";
import { withScratchDatabase } from "../db/scratch-database.ts";
import { prepareMigrations, type PreparedMigration } from "../deploy/apply.ts";
import { findSeed } from "../files/find-seed.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { type CommandOptions, nameOf, openProject, openTarget } from "./context.ts";
import { Verification, type VerificationInput } from "./verification.ts";
import { verifyRows } from "./verify-rows.ts";

/**
 * Proves that what is deployed can be taken back exactly: on a scratch database each migration goes up, down and up
 * again, then everything goes down to nothing and up again, and the catalogs are compared after each step. Then the
 * development data is loaded, and each migration goes down, up and down once more: the rows that were there must stay.
 * After a way back that is not exact, a fresh scratch database is built, so that what it left blurs no other check.
 * @throws TmDbError, for example when the files themselves cannot be deployed.
 */
export async function verify(options: CommandOptions): Promise<VerifyResult> {
  const startedAt = Date.now();
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  const target = await openTarget(project, "start");
  const server = await withClient(target.maintenance, { signal: options.signal }, (client) =>
    Promise.resolve(nameOf({ connection: target.maintenance }, client)),
  );
  const prepared = await prepareMigrations(project.config.projectDir, files.migrations);
  const seed = await findSeed(project.config, "dev");
  const { checks, unchecked } = await walk({ project, files, target, prepared, seed });
  return { command: "verify", server, checks, unchecked, holds: checks.every(holds), ms: Date.now() - startedAt };
}

function holds({ differences, failure }: VerifyCheck): boolean {
  return differences.length === 0 && failure === null;
}

async function walk(input: Omit<VerificationInput, "scratch">): Promise<Pick<VerifyResult, "checks" | "unchecked">> {
  const { prepared, target } = input;
  const { signal } = input.project.options;
  const checks: VerifyCheck[] = [];
  let unchecked: readonly VerifyGap[] = [];
  let next = 0;
  do {
    const from = next;
    const found = await withScratchDatabase(target, { signal }, async (scratch) => {
      return await withClient(scratch, { signal }, async (client) => {
        const verification = new Verification(client, { ...input, scratch });
        const reached = await verification.migrations(from);
        const isExact = [...checks, ...verification.checks].every(holds);
        if (reached === prepared.length) unchecked = await verifyWhole(verification, { isExact });
        return { reached, checks: verification.checks };
      });
    });
    checks.push(...found.checks);
    next = found.reached;
    const last = checks.at(-1);
    if (last !== undefined && !holds(last)) await dropLeftRoles(input, last, prepared[next - 1]);
  } while (next < prepared.length);
  return { checks, unchecked };
}

const NOT_EXACT = "a way back is not exact";

/** What needs a way back of all migrations, each exact by itself. Returns what could not be checked. */
async function verifyWhole(
  verification: Verification,
  { isExact }: { readonly isExact: boolean },
): Promise<VerifyGap[]> {
  const [first, ...others] = verification.input.prepared.filter(({ entry }) => entry.downSql === null);
  const oneWay = first && (others.length === 0 ? `${first.file.path} has` : `${others.length + 1} migrations have`);
  const because = oneWay === undefined ? (isExact ? undefined : NOT_EXACT) : `${oneWay} no way back`;
  if (because !== undefined) {
    return [
      { check: "everything", because },
      { check: "rows kept", because },
    ];
  }
  await verification.everything();
  const why = verification.checks.every(holds) ? await verifyRows(verification) : NOT_EXACT;
  return why === undefined ? [] : [{ check: "rows kept", because: why }];
}

/** Roles outlive the scratch database: what a migration made and its way back forgot would be in the way of the next. */
async function dropLeftRoles(
  { target, project }: Omit<VerificationInput, "scratch">,
  { differences }: VerifyCheck,
  migration: PreparedMigration | undefined,
): Promise<void> {
  const roles = differences.flatMap(({ kind, object }) => {
    const name = /^role (.*)$/
      .exec(object)?.[1]
      ?.replace(/^"(.*)"$/, "$1")
      .replaceAll('""', '"');
    return kind === "extra" && name !== undefined && migration?.part.sql.includes(name) === true ? [name] : [];
  });
  if (roles.length === 0) return;
  await withClient(target.maintenance, { signal: project.options.signal }, async (client) => {
    await dropRoles(client, roles);
  });
}

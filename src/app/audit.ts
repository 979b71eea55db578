import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyBaseline, type Baseline, parseBaseline, STALE_RULE, writeBaseline } from "../audit/baseline.ts";
import { AUDIT_RULES, type AuditRule } from "../audit/rules.ts";
import { runAudit } from "../audit/run.ts";
import type { Config } from "../config/config.ts";
import {
  AUDIT_SEVERITIES,
  type AuditFinding,
  type AuditRuleText,
  type FailOn,
  passesAudit,
  type RuleBreak,
} from "../core/audit.ts";
import type { AuditResult, AuditRulesResult, DatabaseName } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import type { FindDeclaration } from "../core/subject.ts";
import { withClient } from "../db/client.ts";
import { refuseShadows } from "../db/shadows.ts";
import { withTransaction } from "../db/transaction.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { readDeclarations } from "../deploy/declared-at.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Target } from "./context.ts";
import { isInIgnoredSchema } from "./ignored.ts";
import { withScratchBuild } from "./scratch-build.ts";

export interface AuditOptions extends CommandOptions {
  /** Names of the rules to ask; all if left out or empty. */
  readonly rules?: readonly string[] | undefined;
  /** The least severity that makes the answer no; `warning` if left out. */
  readonly failOn?: FailOn | undefined;
  /** Audit what the files build on a scratch database, and not the database. */
  readonly files?: boolean | undefined;
  /** Write all that is found into the baseline, with this reason. */
  readonly writeBaseline?: string | undefined;
}

const BASELINE_FILE = "audit.baseline.json";
const RULE_NAMES = AUDIT_RULES.map(({ id }) => id);

/** Every rule, as `--list` and `--explain` show them; of `id` alone if one is given. @throws TmDbError USAGE for an unknown one. */
export function auditRules(id?: string): AuditRulesResult {
  const all: readonly AuditRuleText[] = [...AUDIT_RULES, STALE_RULE];
  const rules = id === undefined ? all : all.filter((rule) => rule.id === id);
  if (rules.length === 0) throw unknownRules([id ?? ""]);
  return {
    command: "audit-rules",
    explained: id !== undefined,
    rules: rules.map(({ id: name, title, severity, text }) => ({ id: name, title, severity, text })),
  };
}

/**
 * Asks a database, in a READ ONLY transaction, what in it breaks the rules for databases that PostgREST serves, or does so
 * with what the files build. What the baseline of the project accepts is left out.
 * @throws TmDbError USAGE for an unknown rule; NOTHING_TO_AUDIT; CONFIG_INVALID for the baseline; FILE_UNWRITABLE.
 */
export async function audit(options: AuditOptions): Promise<AuditResult> {
  const startedAt = Date.now();
  const rules = chooseRules(options.rules ?? []);
  const { config } = openProject(options);
  const baseline = readBaseline(config.projectDir);
  const target = await openTarget({ options, config }, "must-run");
  const { database, broken } =
    options.files === true
      ? await auditFiles({ options, config, target, rules })
      : await auditDatabase({ options, config, target, rules });
  // What lies in an ignored schema is not theirs to mend. For everything else there is the baseline.
  const isIgnored = ({ subject }: RuleBreak): boolean => isInIgnoredSchema(config, subject);
  const found = await findingsOf(
    broken.filter((each) => !isIgnored(each)),
    config,
  );
  const ignored = await findingsOf(broken.filter(isIgnored), config);
  const asked = rules.map(({ id }) => id);
  const written = options.writeBaseline;
  const current =
    written === undefined ? baseline : updateBaseline(config.projectDir, { found, asked, reason: written }, baseline);
  const { findings, accepted } = applyBaseline(found, current, asked);
  const failOn = options.failOn ?? "warning";
  return {
    command: "audit",
    database,
    audited: options.files === true ? "files" : "database",
    rules: asked,
    findings: sorted(findings),
    accepted: sorted(accepted),
    ignored: sorted(ignored),
    baseline: current === undefined ? null : { path: current.file, written: written !== undefined },
    failOn,
    passed: passesAudit(findings, failOn),
    ms: Date.now() - startedAt,
  };
}

interface Audited {
  readonly options: AuditOptions;
  readonly config: Config;
  readonly target: Target;
  readonly rules: readonly AuditRule[];
}

interface Broken {
  readonly database: DatabaseName;
  readonly broken: readonly RuleBreak[];
}

async function auditDatabase({ options, config, target, rules }: Audited): Promise<Broken> {
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    const broken = await withTransaction(client, "snapshot", async () => {
      await refuseShadows(client);
      return await runAudit(client, rules, settingsOf(config));
    });
    return { database: nameOf(target, client), broken };
  });
}

async function auditFiles({ options, config, target, rules }: Audited): Promise<Broken> {
  const { migrations, repeatables } = readProjectFiles(config);
  const files = { migrations: await prepareMigrations(config.projectDir, migrations), repeatables };
  const given = { files, signal: options.signal };
  return await withScratchBuild(target, given, async (client) => ({
    database: nameOf(target, client),
    broken: await runAudit(client, rules, settingsOf(config)),
  }));
}

function settingsOf({ exposedSchemas, roles, preRequest }: Config) {
  return { exposedSchemas, authenticator: roles.authenticator, anonymous: roles.anonymous, preRequest };
}

function chooseRules(names: readonly string[]): readonly AuditRule[] {
  const unknown = names.filter((name) => !RULE_NAMES.includes(name));
  if (unknown.length > 0) throw unknownRules(unknown);
  return names.length === 0 ? AUDIT_RULES : AUDIT_RULES.filter(({ id }) => names.includes(id));
}

function unknownRules(names: readonly string[]): TmDbError {
  return new TmDbError("USAGE", `there is no rule ${names.join(", ")}`, { hint: "npx tm-db audit --list" });
}

/** Only what is found needs a place, so only then the files are read. */
async function findingsOf(broken: readonly RuleBreak[], config: Config): Promise<AuditFinding[]> {
  const find = broken.length === 0 ? undefined : await declarations(config);
  const severities = new Map(AUDIT_RULES.map(({ id, severity }) => [id, severity]));
  return broken.map(({ rule, object, subject, message, fix }) => ({
    rule,
    severity: severities.get(rule) ?? "error",
    object,
    message,
    fix,
    location: find?.(subject) ?? null,
  }));
}

/** A database can be audited without the files that made it. */
async function declarations(config: Config): Promise<FindDeclaration | undefined> {
  try {
    return await readDeclarations(readProjectFiles(config));
  } catch (error) {
    if (error instanceof TmDbError && error.code === "PROJECT_NOT_FOUND") return undefined;
    throw error;
  }
}

function readBaseline(projectDir: string): Baseline | undefined {
  const path = join(projectDir, BASELINE_FILE);
  if (!existsSync(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${BASELINE_FILE}: ${(error as Error).message}`, {
      hint: `check the permissions: ls -l ${BASELINE_FILE}`,
      cause: error,
    });
  }
  return parseBaseline(BASELINE_FILE, text, RULE_NAMES);
}

function updateBaseline(
  projectDir: string,
  given: { readonly found: readonly AuditFinding[]; readonly asked: readonly string[]; readonly reason: string },
  before: Baseline | undefined,
): Baseline {
  const { found, asked, reason } = given;
  if (reason.trim() === "") {
    throw new TmDbError("USAGE", "a baseline needs the reason why its findings are accepted", {
      hint: 'for example: npx tm-db audit --write-baseline "as adopted; mended table by table"',
    });
  }
  const kept = (before?.accepted ?? []).filter(({ rule }) => !asked.includes(rule));
  const text = writeBaseline({ found, kept, reason }, before);
  writeWholeFile({ projectDir }, BASELINE_FILE, text, "check the permissions of the project's folder: ls -ld .");
  return parseBaseline(BASELINE_FILE, text, RULE_NAMES);
}

/** The worst first, then by place (what has none comes last), then by rule and object. */
function sorted<Found extends AuditFinding>(findings: readonly Found[]): Found[] {
  const rank = ({ severity }: Found): number => AUDIT_SEVERITIES.indexOf(severity);
  const file = ({ location }: Found): string => location?.file ?? "\uffff";
  const line = ({ location }: Found): number => location?.line ?? 0;
  return findings.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(file(a), file(b)) ||
      line(a) - line(b) ||
      compare(a.rule, b.rule) ||
      compare(a.object, b.object),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

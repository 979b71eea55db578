import type { SeedResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { DatabaseClient } from "../db/client.ts";
import { callFunction, readMaterializedViews, refreshFilledViews, refreshView } from "../db/refresh.ts";
import type { ScriptRow } from "../db/run-script.ts";
import { findTransactionControl } from "../deploy/migration-sql.ts";
import { runSql } from "../deploy/run-sql.ts";
import type { SeedFile } from "../files/find-seed.ts";
import type { GivenSettings } from "../seed/context.ts";
import { loadSeed } from "../seed/load.ts";
import { type PreparedSeed, prepareSeed } from "../seed/prepare.ts";
import type { Relation } from "../seed/relations.ts";
import type { Project } from "./context.ts";

export interface ApplySeedInput {
  readonly project: Project;
  readonly file: SeedFile;
  readonly settings: GivenSettings;
  readonly options: { readonly add?: boolean | undefined; readonly keepIndexes?: boolean | undefined };
  /** Tables that are emptied first, and the seed that knows it. */
  readonly emptying?: { readonly prepared: PreparedSeed; readonly relations: readonly Relation[] } | undefined;
}

export interface AppliedSeed {
  readonly report: Pick<SeedResult, "tables" | "putAside" | "functions" | "accounts">;
  readonly relations: readonly Relation[];
}

/** Loads a seed within the caller's transaction, and brings the project's figures up to date. */
export async function applySeed(client: DatabaseClient, input: ApplySeedInput): Promise<AppliedSeed> {
  const { file } = input;
  if (file.kind === "script") return await applyScript(client, input, file);
  const { path, source } = file;
  refuseTransactionControl(path, source.text);
  const rows = await runSql(client, { path, text: source.text, part: { sql: source.text, offset: 0 } });
  await refreshFilledViews(client);
  return {
    report: { tables: [], putAside: { indexes: 0, foreignKeys: 0, ms: 0 }, functions: [], accounts: rows.map(asTexts) },
    relations: [],
  };
}

/** A `commit` in the file would end the transaction that it is part of. */
function refuseTransactionControl(path: string, text: string): void {
  const at = findTransactionControl(text);
  if (at === undefined) return;
  throw new TmDbError(
    "SEED_INVALID",
    `${path} begins or ends a transaction; tm-db runs it as one, with what belongs to it`,
    {
      location: locate(path, text, at),
      hint: "remove that statement",
    },
  );
}

async function applyScript(
  client: DatabaseClient,
  { project, settings, options, emptying }: ApplySeedInput,
  file: Extract<SeedFile, { kind: "script" }>,
): Promise<AppliedSeed> {
  const { onEvent } = project.options;
  const { path, data } = emptying?.prepared ?? (await prepareSeed(file, settings, client));
  const loaded = await loadSeed(client, {
    data,
    path,
    filled: options.add === true ? "add" : "refuse",
    truncate: emptying?.relations ?? [],
    indexes: options.keepIndexes === true ? "keep" : "after",
    onEvent,
  });
  const functions: SeedResult["functions"][number][] = [];
  for (const { schema, name } of project.config.recount) {
    onEvent({ kind: "seed-finishing", what: `counting: ${schema}.${name}` });
    const started = Date.now();
    const answer = await callFunction(client, schema, name);
    functions.push({ name: `${schema}.${name}`, answer, ms: Date.now() - started });
  }
  for (const view of await readMaterializedViews(client)) {
    onEvent({ kind: "seed-finishing", what: `refreshing ${view.schema}.${view.name}` });
    // Beside rows that somebody reads, without making them wait; else in the quicker way.
    await refreshView(client, { ...view, canConcurrently: view.canConcurrently && options.add === true });
  }
  const { tables, putAside, relations } = loaded;
  return { report: { tables, putAside, functions, accounts: data.accounts ?? [] }, relations };
}

function asTexts(row: ScriptRow): Record<string, string> {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, textOf(value)]));
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

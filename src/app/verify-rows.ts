import type { Difference } from "../core/command-result.ts";
import { readContents, type TableContent } from "../db/fingerprint.ts";
import { withTransaction } from "../db/transaction.ts";
import { applySeed } from "./apply-seed.ts";
import type { Verification } from "./verification.ts";

/**
 * Loads the development data into what is deployed, and walks back to nothing. Each migration goes down, up and down
 * once more. Its way back may take the rows that its way up adds, and no others; and what stood in the tables before it
 * must stand there after both. A migration before which no table has a row says nothing, and is not told. Returns why not
 * all were walked, where that is so.
 */
export async function verifyRows(verification: Verification): Promise<string | undefined> {
  const { client, input } = verification;
  const { seed, prepared } = input;
  if (seed === undefined) return "the project has no development data: no seed named dev";
  await withTransaction(client, "read write", async () => {
    await applySeed(client, { project: input.project, file: seed, settings: {}, options: {} });
  });
  let loaded: readonly TableContent[] = await readContents(client);
  for (const [index, { file }] of [...prepared.entries()].reverse()) {
    const subject = file.path;
    const walked = await walkOnce(verification, index);
    if (walked === undefined) return index === 0 ? undefined : `${subject} failed, and those before it were not tried`;
    const { before, up, after } = walked;
    const differences = [...findLost(loaded, before, up), ...findChanged(before, after)];
    if (hasRows(before) || differences.length > 0) verification.add({ subject, check: "rows kept", differences });
    loaded = after;
  }
  return undefined;
}

interface RoundTrip {
  readonly before: readonly TableContent[];
  readonly up: readonly TableContent[];
  readonly after: readonly TableContent[];
}

/** Down, up and down again; undefined where one of them fails, which is told. */
async function walkOnce(verification: Verification, index: number): Promise<RoundTrip | undefined> {
  const subject = verification.input.prepared[index]?.file.path ?? "";
  let contents: RoundTrip | undefined;
  const { client } = verification;
  await verification.attempt(subject, "rows kept", async () => {
    await verification.takeBack();
    const before = await readContents(client);
    await verification.deploy(verification.upTo(index));
    const up = await readContents(client);
    await verification.takeBack();
    contents = { before, up, after: await readContents(client) };
  });
  return contents;
}

function hasRows(contents: readonly TableContent[]): boolean {
  return contents.some(({ rows }) => rows > 0);
}

/** Tables of which the way back takes more rows than the way up adds. */
function findLost(
  loaded: readonly TableContent[],
  before: readonly TableContent[],
  up: readonly TableContent[],
): Difference[] {
  const rowsOf = (contents: readonly TableContent[], table: string): number | undefined =>
    contents.find((content) => content.table === table)?.rows;
  return loaded.flatMap(({ table, rows }): Difference[] => {
    const left = rowsOf(before, table);
    if (left === undefined) return [];
    const lost = rows - left - ((rowsOf(up, table) ?? left) - left);
    if (lost <= 0) return [];
    return [{ kind: "different", object: `rows of ${table}`, detail: `its way back loses ${lost} of ${rows}` }];
  });
}

/** Tables that are missing altogether are a matter of the catalog, which was compared before. */
function findChanged(before: readonly TableContent[], after: readonly TableContent[]): Difference[] {
  const found = new Map(after.map((content) => [content.table, content]));
  return before.flatMap(({ table, rows, sum }): Difference[] => {
    const now = found.get(table);
    if (now === undefined || (now.rows === rows && now.sum === sum)) return [];
    const detail = now.rows === rows ? `${rows} rows, with other values` : `${rows} rows → ${now.rows} rows`;
    return [{ kind: "different", object: `rows of ${table}`, detail }];
  });
}

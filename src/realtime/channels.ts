import { type Problem, TmDbError } from "../core/errors.ts";
import type { RealtimeChannel } from "../core/realtime-channel.ts";
import type { DatabaseClient } from "../db/client.ts";
import { readColumns } from "../db/relation-columns.ts";
import { KEY_TYPES, type KeyType, type KnownChannel } from "./change.ts";

/**
 * Looks up what the configured channels name.
 * @throws TmDbError CONFIG_INVALID with every relation and column that is not there, or whose key cannot be one.
 */
export async function findChannels(
  client: DatabaseClient,
  channels: readonly RealtimeChannel[],
): Promise<readonly KnownChannel[]> {
  const problems: Problem[] = [];
  const known: KnownChannel[] = [];
  for (const [number, channel] of channels.entries()) {
    const { relation, key, parent, columns } = channel;
    const report = (message: string): void => void problems.push({ message: `channel ${channel.channel}: ${message}` });
    const wanted = [key, ...(columns ?? []), ...(parent === undefined ? [] : [parent.column])];
    const types = await columnTypes(client, { relation, wanted, report });
    const parentTypes =
      parent === undefined
        ? undefined
        : await columnTypes(client, { relation: parent.relation, wanted: [parent.key], report });
    const keyType = keyTypeOf(key, types?.get(key), report);
    const parentType = parent === undefined ? undefined : keyTypeOf(parent.key, parentTypes?.get(parent.key), report);
    if (keyType !== undefined) known.push({ ...channel, number, keyType, parentType });
  }
  if (problems.length === 0) return known;
  throw new TmDbError("CONFIG_INVALID", `realtime.channels names what is not there`, {
    problems,
    hint: "mend tm-db.config.json, or deploy what it names: npx tm-db migrate",
  });
}

async function columnTypes(
  client: DatabaseClient,
  given: {
    readonly relation: RealtimeChannel["relation"];
    readonly wanted: readonly string[];
    readonly report: (message: string) => void;
  },
): Promise<ReadonlyMap<string, string> | undefined> {
  const { schema, name } = given.relation;
  const types = await readColumns(client, schema, name);
  if (types === undefined) given.report(`there is no table or view ${schema}.${name}`);
  else {
    for (const column of given.wanted) {
      if (!types.has(column)) given.report(`${schema}.${name} has no column ${column}`);
    }
  }
  return types;
}

function keyTypeOf(column: string, type: string | undefined, report: (message: string) => void): KeyType | undefined {
  if (type === undefined) return undefined;
  const known = KEY_TYPES.find((name) => name === type);
  if (known === undefined) report(`the key ${column} is of type ${type}; a key is one of ${KEY_TYPES.join(", ")}`);
  return known;
}

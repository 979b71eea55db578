import { keyJson, type Change, type KnownChannel } from "./change.ts";
import { changeMessage, goneMessage } from "./protocol.ts";
import type { RowMemory } from "./row-memory.ts";

/** What a user sees of the rows of a channel, and of the parents that they name. */
export interface Sight {
  readonly records: ReadonlyMap<string, { readonly record: string; readonly parent: string | null }>;
  readonly parents: ReadonlySet<string>;
}

/**
 * What a user is told of a change: the record as they see it now. If they do not see it, that it is gone, provided that
 * they knew it and may know this: with a parent, they still see the parent; without, they were sent the row before.
 * Otherwise nothing.
 */
export function tidingsOf(given: {
  readonly channel: KnownChannel;
  readonly change: Change;
  readonly sight: Sight;
  readonly memory: RowMemory;
}): string | undefined {
  const { channel, change, sight, memory } = given;
  const id = keyJson(change.key, channel.keyType);
  const seen = sight.records.get(change.key);
  if (seen !== undefined) {
    memory.keep(channel.channel, change.key, seen.parent);
    // Deleted and there: another row has its key by now.
    const operation = change.operation === "DELETE" ? "UPDATE" : change.operation;
    return changeMessage({ channel: channel.channel, operation, id, record: seen.record });
  }
  const parent = parentOf(change, memory);
  const isKnown = memory.has(change.channel, change.key);
  memory.drop(channel.channel, change.key);
  const mayKnow = channel.parent === undefined ? isKnown : parent !== undefined && sight.parents.has(parent);
  return mayKnow ? goneMessage(channel.channel, id) : undefined;
}

/** The parent that has to be seen by who is told that the row is gone. */
export function parentOf(change: Change, memory: RowMemory): string | undefined {
  // The message of an UPDATE names the new parent, and that says nothing about who knew the row.
  return change.parent ?? memory.parent(change.channel, change.key) ?? undefined;
}

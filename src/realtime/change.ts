import type { RealtimeChannel } from "../core/realtime-channel.ts";

/** A channel whose relations were looked up in the database. */
export interface KnownChannel extends RealtimeChannel {
  /** Its place in the configuration; names its prepared statements. */
  readonly number: number;
  readonly keyType: KeyType;
  readonly parentType: KeyType | undefined;
}

/** Types of which a text that comes from outside can be told to be a value. */
export const KEY_TYPES = ["smallint", "integer", "bigint", "uuid", "text", "character varying"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export type Operation = "INSERT" | "UPDATE" | "DELETE";

/** What a message of NOTIFY says happened to a row. */
export interface Change {
  readonly channel: string;
  readonly key: string;
  readonly operation: Operation;
  /** Of a DELETE, where the message says it: the key of the row's parent. */
  readonly parent: string | undefined;
}

export type ParsedChange =
  | { readonly kind: "change"; readonly change: Change }
  /** TRUNCATE: every row may have changed. */
  | { readonly kind: "everything" }
  | { readonly kind: "unreadable"; readonly because: string };

/** Reads a payload as docs/formats.md describes it. It is not trusted: whatever it says is looked up as each user. */
export function parseChange(channel: KnownChannel, payload: string): ParsedChange {
  let message: unknown;
  try {
    message = JSON.parse(payload);
  } catch {
    return unreadable("it is not JSON");
  }
  if (typeof message !== "object" || message === null) return unreadable("it is not a JSON object");
  const fields = message as Readonly<Record<string, unknown>>;
  const operation = fields["operation"];
  if (operation === "TRUNCATE") return { kind: "everything" };
  if (operation !== "INSERT" && operation !== "UPDATE" && operation !== "DELETE") {
    return unreadable("its operation is none of INSERT, UPDATE, DELETE and TRUNCATE");
  }
  const key = keyOf(fields[channel.key], channel.keyType);
  if (key === undefined) return unreadable(`its ${channel.key} is no ${channel.keyType}`);
  const { parent, parentType } = channel;
  const named =
    operation === "DELETE" && parent !== undefined && parentType !== undefined
      ? keyOf(fields[parent.column], parentType)
      : undefined;
  return { kind: "change", change: { channel: channel.channel, key, operation, parent: named } };
}

function unreadable(because: string): ParsedChange {
  return { kind: "unreadable", because };
}

const LARGEST: Readonly<Partial<Record<KeyType, bigint>>> = {
  smallint: 2n ** 15n - 1n,
  integer: 2n ** 31n - 1n,
  bigint: 2n ** 63n - 1n,
};

/** A key as PostgreSQL writes it; undefined for what its type does not have. */
export function keyOf(value: unknown, type: KeyType): string | undefined {
  // Beyond that a number of JSON has lost its last digits; as a text it has them.
  if (typeof value === "number" && !Number.isSafeInteger(value)) return undefined;
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const text = String(value);
  const largest = LARGEST[type];
  if (largest !== undefined) {
    if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
    const number = BigInt(text);
    return number <= largest && number >= -largest - 1n ? text : undefined;
  }
  if (type === "uuid") {
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
  }
  return text.includes("\0") ? undefined : text;
}

/** A key as JSON, of the type that it has in the record. */
export function keyJson(key: string, type: KeyType): string {
  return LARGEST[type] === undefined ? JSON.stringify(key) : key;
}

import type { KnownChannel } from "../../../src/realtime/change.ts";

/** A channel of a table without a parent. */
export const CHANNEL: KnownChannel = {
  channel: "c",
  relation: { schema: "api", name: "rows" },
  key: "id",
  columns: undefined,
  parent: undefined,
  number: 0,
  keyType: "bigint",
  parentType: undefined,
};

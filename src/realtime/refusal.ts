import type { ReadAnswer } from "../db/read-as.ts";
import { CLOSE, type Farewell } from "./protocol.ts";

/** What PostgreSQL refuses of a request, or of what has to be known of its role before it. */
export type RefusedRead = RefusedRequest | (Omit<RefusedRequest, "during"> & { readonly during: "role" });

type RefusedRequest = Extract<ReadAnswer, { kind: "refused" }>;

export interface Refusal {
  /** How the sockets of this user end; undefined where the next request may be answered. */
  readonly farewell: Farewell | undefined;
  /** Whether the cause lies with the service or the database, and not with the user. */
  readonly isTrouble: boolean;
}

/** Rolled back by another transaction, no resources, a lock or a time limit: classes 40, 53, 55 and 57. */
const PASSING = /^(40|53|55|57)/;

/**
 * What a refused request means for a user, as PostgREST answers: PTnnn is HTTP status nnn, 42501 is 403. Only the
 * message of PTnnn is written for users.
 */
export function refusalOf({ during, error }: RefusedRead): Refusal {
  const state = error.code ?? "";
  if (PASSING.test(state)) return { farewell: undefined, isTrouble: true };
  // The question was ours, and of the user there was only the name.
  if (during === "role") return { farewell: UNREADABLE, isTrouble: true };
  if (/^PT\d{3}$/.test(state)) {
    const code = state === "PT401" ? CLOSE.unauthorized : CLOSE.forbidden;
    return { farewell: { code, reason: error.message }, isTrouble: false };
  }
  if (during === "opening" || state === "42501") {
    return { farewell: { code: CLOSE.forbidden, reason: "this user may not read this channel" }, isTrouble: false };
  }
  return { farewell: UNREADABLE, isTrouble: true };
}

const UNREADABLE: Farewell = { code: CLOSE.failed, reason: "the record cannot be read" };

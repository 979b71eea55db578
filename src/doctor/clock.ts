import type { DatabaseClient } from "../db/client.ts";
import { ok, problem, type Verdict, warning } from "./verdict.ts";

/** How far a clock is ahead of another, in milliseconds, and how wrong that may be. */
export interface Skew {
  readonly ms: number;
  readonly uncertainty: number;
}

/** PostgREST forgives so much (`allowedSkewSeconds`, `src/PostgREST/Auth/Jwt.hs`), and refuses the tokens of a clock further off. */
const FORGIVEN_MS = 30_000;
const NOTICEABLE_MS = 5_000;

/** How far the server's clock is ahead of this machine's: its answer belongs to the middle of the round trip. */
export async function measureServerClock(client: DatabaseClient): Promise<Skew> {
  const sent = Date.now();
  const { rows } = await client.query<{ now: number }>(
    "select (extract(epoch from clock_timestamp()) * 1000)::float8 as now",
  );
  return skewOf(rows[0]?.now ?? 0, { sent, received: Date.now() });
}

/** Of a time that was taken somewhere between `sent` and `received`. */
export function skewOf(time: number, at: { readonly sent: number; readonly received: number }, resolution = 0): Skew {
  return {
    ms: time + resolution / 2 - (at.sent + at.received) / 2,
    uncertainty: (at.received - at.sent + resolution) / 2,
  };
}

export function differenceOf(one: Skew, other: Skew): Skew {
  return { ms: one.ms - other.ms, uncertainty: one.uncertainty + other.uncertainty };
}

/** `whose`: `the server's clock`; `than`: `this machine's`. */
export function judgeClock(skew: Skew, whose: string, than: string): Verdict {
  const off = Math.max(0, Math.abs(skew.ms) - skew.uncertainty);
  if (off < NOTICEABLE_MS) return ok(`${whose} agrees with ${than}`);
  const apart = `${whose} is ${secondsText(Math.abs(skew.ms))} ${skew.ms > 0 ? "ahead of" : "behind"} ${than}`;
  const next = "on the machine that is wrong: timedatectl set-ntp true";
  return off > FORGIVEN_MS ? problem(`${apart}: PostgREST refuses tokens beyond 30 s`, next) : warning(apart, next);
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

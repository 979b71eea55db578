import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time such as `30s`, `5m`, `1h` or `7d`, in milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(ms > 0)) throw new InvalidArgumentError("must be a time such as 30s, 5m, 1h or 7d");
  return ms;
}

/** The same in whole seconds, as tokens count them. */
export function parseSeconds(text: string): number {
  const seconds = parseDuration(text) / 1000;
  if (!Number.isInteger(seconds)) throw new InvalidArgumentError("must be at least a second: 30s, 5m, 1h or 7d");
  return seconds;
}

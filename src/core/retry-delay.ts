/** Pauses between attempts to connect: 250 ms, doubled each time, 10 s at most. `attempt` counts from 0. */
export function retryDelayMs(attempt: number): number {
  return Math.min(10_000, 250 * 2 ** Math.min(attempt, 10));
}

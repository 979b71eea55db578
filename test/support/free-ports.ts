import { isFree } from "../../src/server/free-port.ts";

/** Below the ports that embedded servers take, which other tests start at the same time. */
const FIRST = 10_000;
const COUNT = 10_000;
/** More than one process of tests asks for. */
const SHARE = 200;

let next = (process.pid * SHARE) % COUNT;

/** The first of `count` ports in a row that nothing listens on, and that no test of this process was given before. */
export async function findFreePorts(count: number): Promise<number> {
  for (let tries = 0; tries < COUNT / count; tries += 1) {
    const first = FIRST + next;
    next = next + 2 * count > COUNT ? 0 : next + count;
    const ports = Array.from({ length: count }, (_, at) => first + at);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  throw new Error(`found no ${count} free ports in a row from ${FIRST} to ${FIRST + COUNT - 1}`);
}

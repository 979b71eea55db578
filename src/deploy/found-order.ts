/** What finding an order needs to be able to do. `Item` is a file. */
export interface Attempts<Item> {
  /** Applies items in this order. Returns those that name something that is not there, with the reason; nothing of them is left. */
  tryApply(items: readonly Item[]): Promise<Map<Item, unknown>>;
  /** The items whose functions, made without a look into their bodies, do not hold. */
  findBroken(items: readonly Item[]): Promise<Item[]>;
  setBodyChecks(on: boolean): Promise<void>;
  /** Runs work, and undoes all that it applied when it answers false. */
  allOrNothing(work: () => Promise<boolean>): Promise<boolean>;
}

/**
 * Applies items in an order that works: whatever fails because something is missing waits for the others. Functions in
 * SQL that call each other in a circle can only be made without a look into their bodies; that is done when nothing
 * else helps, and the bodies are checked afterwards. Returns what could not be applied, with the reason.
 */
export async function applyInFoundOrder<Item>(
  items: readonly Item[],
  attempts: Attempts<Item>,
): Promise<Map<Item, unknown>> {
  const left = await applyWhatGoes(items, attempts);
  let circle = [...left.keys()];
  while (circle.length > 0) {
    let broken: Item[] = [];
    const members = circle;
    const isMade = await attempts.allOrNothing(async () => {
      await attempts.setBodyChecks(false);
      const missing = await applyWhatGoes(members, attempts);
      await attempts.setBodyChecks(true);
      const applied = members.filter((item) => !missing.has(item));
      broken = [...missing.keys(), ...(await attempts.findBroken(applied))];
      return broken.length === 0;
    });
    if (isMade) for (const item of members) left.delete(item);
    circle = isMade ? [] : members.filter((item) => !broken.includes(item));
  }
  return left;
}

/** Goes over the items again and again, as long as that helps any of them. */
async function applyWhatGoes<Item>(items: readonly Item[], attempts: Attempts<Item>): Promise<Map<Item, unknown>> {
  let left = new Map<Item, unknown>(items.map((item) => [item, undefined]));
  for (let before = Number.POSITIVE_INFINITY; left.size > 0 && left.size < before;) {
    before = left.size;
    left = await attempts.tryApply([...left.keys()]);
  }
  return left;
}

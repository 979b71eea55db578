/** Numbers from 0 up to 1, in a row of their own. */
export type Chance = () => number;

/**
 * A row of numbers that depends on the seed value, a name and an index alone: any row of any table can be computed
 * again, so that none has to be remembered. (mulberry32; only whole-number arithmetic, the same on every machine.)
 */
export function chanceOf(seedValue: number, name: string, index: number): Chance {
  let state = mix(seedValue);
  for (let at = 0; at < name.length; at += 1) state = mix(state ^ name.charCodeAt(at));
  state = mix(state ^ index);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return (mix(state) >>> 0) / 4294967296;
  };
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/** A whole number below `limit`, each as likely. */
export function below(limit: number, chance: Chance): number {
  return Math.floor(limit * chance());
}

/** A whole number below `limit`; the small ones are far more likely. */
export function skewed(limit: number, chance: Chance): number {
  const share = chance();
  return Math.floor(limit * share * share * share);
}

import type { MutantCounts, MutantResult, MutantVerdict, StaleEquivalent } from "../core/mutation-result.ts";

/** A damage that no test could notice, and why: an entry of `equivalent-mutants.json`. */
export interface EquivalentMutant {
  readonly mutant: string;
  readonly reason: string;
}

export function countVerdicts(mutants: readonly Pick<MutantResult, "verdict">[]): MutantCounts {
  const count = (kind: MutantVerdict["kind"]): number => mutants.filter(({ verdict }) => verdict.kind === kind).length;
  return {
    killed: count("killed"),
    timedOut: count("timed-out"),
    survived: count("survived"),
    equivalent: count("equivalent"),
    invalid: count("invalid"),
  };
}

/**
 * Percent of the damages that could be noticed that were; rounded down to a tenth, so that 100 means all of them. Null
 * where there was none.
 */
export function scoreOf({ killed, timedOut, survived }: MutantCounts): number | null {
  const all = killed + timedOut + survived;
  return all === 0 ? null : Math.floor(((killed + timedOut) * 1000) / all) / 10;
}

/** A survivor that the list explains is equivalent, unless somebody can tell it from the original. */
export function withReason(id: string, verdict: MutantVerdict, list: readonly EquivalentMutant[]): MutantVerdict {
  const entry = list.find(({ mutant }) => mutant === id);
  const isHidden = verdict.kind === "survived" && verdict.toldApart !== true;
  return isHidden && entry !== undefined ? { kind: "equivalent", reason: entry.reason } : verdict;
}

/** Entries that no survivor needs. `all`: every damage there is, also those that were not tried. */
export function staleEntries(
  list: readonly EquivalentMutant[],
  given: { readonly all: ReadonlySet<string>; readonly verdicts: ReadonlyMap<string, MutantVerdict> },
): StaleEquivalent[] {
  return list.flatMap(({ mutant }): StaleEquivalent[] => {
    if (!given.all.has(mutant)) return [{ mutant, why: "gone" }];
    const verdict = given.verdicts.get(mutant);
    const kind = verdict?.kind;
    if (verdict?.kind === "survived" && verdict.toldApart === true) return [{ mutant, why: "told-apart" }];
    if (kind === "killed" || kind === "timed-out") return [{ mutant, why: "killed" }];
    return kind === "invalid" ? [{ mutant, why: "invalid" }] : [];
  });
}

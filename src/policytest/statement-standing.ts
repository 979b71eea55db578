/** What a statement of a test file is to the transaction that the file runs in. */
export type Standing =
  | { readonly kind: "plain" }
  | { readonly kind: "begin" }
  | { readonly kind: "rollback" }
  | { readonly kind: "refused"; readonly why: string };

const ROLLED_BACK = "a test file is rolled back, so that no test sees what another one left";

/** Judges by the first words, in lower case. `end` says what becomes of the transaction around the script. */
export function standingOf(words: readonly string[], end: "roll-back" | "commit"): Standing {
  const [first, second, third] = words;
  const kind = transactionWord(first, [second, third]);
  if (kind === undefined) return copyStanding(words);
  if (end === "commit") {
    return {
      kind: "refused",
      why: `${first} cannot stand here: a file of fixtures is one transaction, which is committed`,
    };
  }
  return kind === "commit"
    ? { kind: "refused", why: `${first} cannot stand in a test file: ${ROLLED_BACK}` }
    : { kind };
}

function transactionWord(
  first: string | undefined,
  others: readonly (string | undefined)[],
): "begin" | "rollback" | "commit" | undefined {
  switch (first) {
    case "begin":
      return "begin";
    case "start":
      return others[0] === "transaction" ? "begin" : undefined;
    case "rollback":
    case "abort":
      return others.includes("to") ? undefined : "rollback";
    case "commit":
    case "end":
      return "commit";
    case "prepare":
      return others[0] === "transaction" ? "commit" : undefined;
    default:
      return undefined;
  }
}

function copyStanding(words: readonly string[]): Standing {
  const talks = words[0] === "copy" && (words.includes("stdin") || words.includes("stdout"));
  if (!talks) return { kind: "plain" };
  return {
    kind: "refused",
    why: "copy from stdin and to stdout cannot stand in a test file; insert the rows: insert into … values …",
  };
}

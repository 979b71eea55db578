/**
 * The rules that the comments just before a statement ignore: `-- tm-db: ignore policy-for-all, policy-to-public`, and
 * perhaps a reason after a colon. (In migrations it is squawk that reads `-- squawk-ignore`.)
 */
export function ignoredBefore(text: string, statementStart: number): ReadonlySet<string> {
  const rules = new Set<string>();
  const lines = text.slice(0, statementStart).split("\n");
  // The last one is the statement's own, up to its first word.
  for (const line of lines.slice(0, -1).toReversed()) {
    if (line.trim() !== "" && !line.trim().startsWith("--")) break;
    const names = /^\s*--\s*tm-db:\s*ignore\s+([^:]*)/.exec(line)?.[1] ?? "";
    for (const name of names.split(/[\s,]+/)) if (name !== "") rules.add(name);
  }
  return rules;
}

/** Whether an entry of `lint.ignore` covers a finding. */
export function isIgnored(
  entries: readonly { readonly rule: string; readonly path: string | undefined }[],
  finding: { readonly rule: string; readonly path: string },
): boolean {
  return entries.some(({ rule, path }) => rule === finding.rule && (path === undefined || path === finding.path));
}

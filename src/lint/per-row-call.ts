/**
 * Whether an expression of a policy calls a function that does not depend on the row, outside of a subquery: then
 * PostgreSQL calls it for each row, and as `(select …)` it would call it once. Counted are functions of a schema that
 * is not PostgreSQL's own, and `current_setting`: what PostgreSQL itself brings is mostly too cheap to matter.
 */
export function findPerRowCall(expression: unknown): boolean {
  if (Array.isArray(expression)) return expression.some(findPerRowCall);
  if (typeof expression !== "object" || expression === null) return false;
  return Object.entries(expression as Readonly<Record<string, unknown>>).some(([kind, value]) => {
    if (kind === "SubLink") return false;
    if (kind === "FuncCall" && isCounted(value as FuncCall) && !mentionsColumn((value as FuncCall).args)) return true;
    return findPerRowCall(value);
  });
}

/** Of libpg-query's `FuncCall`, what matters here. */
interface FuncCall {
  readonly funcname?: readonly { readonly String?: { readonly sval?: string } }[];
  readonly args?: unknown;
}

function isCounted(call: FuncCall): boolean {
  const names = (call.funcname ?? []).map((part) => part.String?.sval ?? "");
  const [schema] = names;
  return names.at(-1) === "current_setting" || (names.length > 1 && schema !== "pg_catalog");
}

function mentionsColumn(expression: unknown): boolean {
  if (Array.isArray(expression)) return expression.some(mentionsColumn);
  if (typeof expression !== "object" || expression === null) return false;
  return Object.entries(expression as Readonly<Record<string, unknown>>).some(
    ([kind, value]) => kind === "ColumnRef" || mentionsColumn(value),
  );
}

/** What an error of pg, of Node or of anybody says, where it says it. */
export interface ErrorFacts {
  readonly code: string | undefined;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

export function errorFacts(error: unknown): ErrorFacts {
  if (typeof error !== "object" || error === null) {
    return { code: undefined, message: String(error), detail: undefined, hint: undefined };
  }
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  // Node tries every address of a name and then throws an AggregateError, whose own message is empty.
  const message =
    text("message") ??
    (error instanceof AggregateError ? error.errors.map((each) => errorFacts(each).message).join(", ") : "");
  return { code: text("code"), message, detail: text("detail"), hint: text("hint") };
}

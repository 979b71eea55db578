import { TmDbError } from "../core/errors.ts";

/**
 * The regular expression of an option, whatever the case of the letters.
 * @throws TmDbError USAGE for one that is none, with the example.
 */
export function parsePattern(pattern: string, given: { readonly option: string; readonly example: string }): RegExp {
  try {
    return new RegExp(pattern, "iu");
  } catch (error) {
    throw new TmDbError("USAGE", `${given.option} ${pattern}: ${(error as Error).message}`, {
      hint: `write a regular expression of JavaScript, such as: ${given.example}`,
      cause: error,
    });
  }
}

/**
 * The members of a JSON object, and of each the text of its value as it stands there: numbers keep all their digits, which
 * they lose in `JSON.parse`. Of two that bear one name it is the second, which `JSON.parse` takes, and PostgreSQL. The text
 * must be an object that `JSON.parse` takes.
 */
export function jsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1) {
      if (token === ":") start = index + 1;
      else if (token.startsWith('"')) name ??= JSON.parse(token) as string;
      else if ((token === "," || token === "}") && name !== undefined) {
        members.set(name, text.slice(start, index).trim());
        name = undefined;
      }
    }
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
  }
  return members;
}

/** The object that has these members. */
export function objectOfMembers(members: Iterable<readonly [name: string, value: string]>): string {
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
}

/** Texts, and what separates and encloses. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

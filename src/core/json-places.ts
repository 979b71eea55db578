/**
 * Where each value of a JSON text stands, in characters, by the way to it: `paths.seeds`, `ignore[0]`, "" for the whole. Of
 * a member it is the place of its name; of two that bear one name, that of the second, which `JSON.parse` takes. The text
 * must be one that it takes.
 */
export function jsonPlaces(text: string): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const tokens = [...text.matchAll(TOKEN)];
  let at = 0;
  const mark = (path: string): void => void places.set(path, tokens[at]?.index ?? 0);
  /** Whether something comes before the bracket that closes; passes over that bracket. */
  const isBefore = (bracket: string): boolean => {
    if (at < tokens.length && tokens[at]?.[0] !== bracket) return true;
    at += 1;
    return false;
  };
  const passValue = (path: string): void => {
    const token = tokens[at]?.[0];
    at += 1;
    if (token === "[") {
      for (let index = 0; isBefore("]"); index += 1) {
        mark(`${path}[${index}]`);
        passValue(`${path}[${index}]`);
      }
    }
    if (token !== "{") return;
    while (isBefore("}")) {
      const member = `${path === "" ? "" : `${path}.`}${JSON.parse(tokens[at]?.[0] ?? '""') as string}`;
      mark(member);
      at += 1;
      passValue(member);
    }
  };
  mark("");
  passValue("");
  return places;
}

/** Texts, brackets, and everything else that is a value; neither commas nor colons. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s{}[\],:"]+/g;

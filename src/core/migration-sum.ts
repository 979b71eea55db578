/** What `migrations/tm-db.sum` says of one migration: its file's name, and its checksum or `open`. */
interface SumEntry {
  readonly name: string;
  readonly checksum: string;
}

/** A migration as the sum file knows it. */
export interface SummedFile {
  /** The file's name, without its folder. */
  readonly name: string;
  readonly checksum: string;
}

/** How the files differ from the sum file: names, each list in its own order. */
export interface SumDifference {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

const HEADER = `# The migrations of this folder, in order, with the SHA-256 of each; the last is open to changes. Written by tm-db.
# A conflict here means that two branches added migrations: renumber the one that comes later, then: npx tm-db sum
`;

/** Stands for the checksum of the newest migration, which is still being written. */
const OPEN = "open";

/** The text of the sum file for migrations in their order. */
export function formatSum(files: readonly SummedFile[]): string {
  const lines = files.map(({ name, checksum }, index) => `${name} ${index === files.length - 1 ? OPEN : checksum}\n`);
  return HEADER + lines.join("");
}

/** Reads the text of a sum file; undefined where a line is none of it, such as the marks of a conflict in git. */
function parseSum(text: string): SumEntry[] | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#"));
  const entries = lines.map((line) => /^(?<name>\S.*) (?<checksum>[0-9a-f]{64}|open)$/.exec(line)?.groups);
  const isWhole = entries.every((entry, index) => entry?.["checksum"] !== OPEN || index === entries.length - 1);
  if (!isWhole || entries.includes(undefined)) return undefined;
  return entries.map((entry) => ({ name: entry?.["name"] ?? "", checksum: entry?.["checksum"] ?? "" }));
}

/** Compares a sum file with the migrations that are there; `unreadable` where it is no sum file any more. */
export function compareSum(text: string, files: readonly SummedFile[]): SumDifference | "unreadable" {
  const entries = parseSum(text);
  if (entries === undefined) return "unreadable";
  const wanted = new Map(entries.map(({ name, checksum }) => [name, checksum]));
  if (wanted.size < entries.length) return "unreadable";
  const present = new Set(files.map(({ name }) => name));
  const isChanged = ({ name, checksum }: SummedFile): boolean => {
    const known = wanted.get(name);
    return known !== undefined && known !== OPEN && known !== checksum;
  };
  return {
    added: files.filter(({ name }) => !wanted.has(name)).map(({ name }) => name),
    changed: files.filter(isChanged).map(({ name }) => name),
    removed: entries.filter(({ name }) => !present.has(name)).map(({ name }) => name),
  };
}

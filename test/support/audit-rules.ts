import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a rule's tests run: `fires` breaks it, `quiet` looks alike and does not, `fixed` mends what `fires` broke. */
export interface RuleCase {
  readonly fires: string;
  readonly quiet: string;
  readonly fixed: string;
  /** The objects that the comments `-- finds: …` at the head of `fires` name, in their order. */
  readonly finds: readonly string[];
}

export const RULE_SETUP = readFileSync(join(ROOT, "test/rules/_setup.sql"), "utf8");

/** The settings that `_setup.sql` is made for. */
export const RULE_SETTINGS = {
  exposedSchemas: ["api"],
  authenticator: "web_authenticator",
  anonymous: "web_anon",
  preRequest: undefined,
};

export function readRuleCase(id: string): RuleCase {
  const read = (name: string): string => readFileSync(join(ROOT, "test/rules", id, `${name}.sql`), "utf8");
  const fires = read("fires");
  const finds = [...fires.matchAll(/^-- finds: (.+)$/gm)].map(([, object = ""]) => object);
  return { fires, quiet: read("quiet"), fixed: read("fixed"), finds };
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { exampleOf } from "../../scripts/docs/cli-page.ts";
import { generatedPages } from "../../scripts/docs/pages.ts";
import { buildProgram, withSubcommands } from "../../src/cli/program.ts";
import { ERROR_CODES } from "../../src/core/errors.ts";
import { POSTGREST_MAJORS } from "../../src/core/postgrest-options.ts";
import { MIGRATION_RULES, RULES } from "../../src/lint/rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const program = buildProgram(async () => {});
const commands = program.commands.flatMap((command) => withSubcommands(command));

/** Pages that people write, and that may show commands. */
const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

test.each(Object.entries(generatedPages()))("%s is what its source says; else: npm run docs", (path, text) => {
  expect(read(path)).toBe(text);
});

test.each(commands)("the help of %s ends with an example of itself", (name, command) => {
  const examples = exampleOf(command);
  expect(examples.some((line) => line.includes(`npx tm-db ${name}`))).toBe(true);
  expect(examples.flatMap(commandProblems)).toEqual([]);
});

test("each error code is used in src", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && name !== join("core", "errors.ts"))
    .map((name) => read(`src/${name}`))
    .join("\n");
  expect(Object.keys(ERROR_CODES).filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

/** What is wrong with the `tm-db …` commands that a line shows: unknown commands and options. */
function commandProblems(line: string): string[] {
  return [...line.matchAll(/npx tm-db ([a-z]+)((?: +(?!&&|\|\||[#;|)`"])[^\s`")]+)*)/g)].flatMap(
    ([shown, name, rest = ""]) => {
      const group = program.commands.find((entry) => entry.name() === name);
      if (group === undefined) return [`${shown}: no such command`];
      const inner = /^ +([a-z]+)/.exec(rest)?.[1];
      const command = group.commands.find((entry) => entry.name() === inner) ?? group;
      if (inner !== undefined && command === group && group.commands.length > 0) return [`${shown}: no such command`];
      const known = new Set(command.options.map((option) => option.long));
      const used = rest.match(/--[a-z-]+/g) ?? [];
      return used.filter((flag) => !known.has(flag) && flag !== "--help").map((flag) => `${shown}: no option ${flag}`);
    },
  );
}

test("a command that does not exist, or an option that it does not have, would be noticed", () => {
  expect(commandProblems("npx tm-db launch")).toHaveLength(1);
  expect(commandProblems("npx tm-db secret forget")).toHaveLength(1);
  expect(commandProblems("npx tm-db secret rotate --now")).toHaveLength(1);
  expect(commandProblems("npx tm-db secret revoke --now && npx tm-db secret")).toEqual([]);
  expect(commandProblems('eval "$(npx tm-db env --all)" && x --y')).toHaveLength(1);
  expect(commandProblems("npx tm-db migrate --dry-run && npx tm-db status --check # --no")).toEqual([]);
});

describe.each(PAGES)("%s", (path) => {
  const text = read(path);

  test("shows only commands and options that exist", () => {
    expect(text.split("\n").flatMap(commandProblems)).toEqual([]);
  });

  test("names only scripts of package.json", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...text.matchAll(/\bnpm (?:run ([a-z:-]+)|(test))\b/g)].map(
      ([, script, test]) => script ?? test ?? "",
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test("links to files and headings that are there", () => {
    const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)];
    const broken = links.flatMap(([shown, file = "", anchor]) => {
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return [shown];
      return anchor === undefined || headings(read(target)).has(anchor) ? [] : [shown];
    });
    expect(broken).toEqual([]);
  });

  test("names only files of this repository that are there", () => {
    const named = [...text.matchAll(/`((?:src|scripts|test\/contracts|docs)\/[\w./-]+\.(?:ts|mjs|md|json))`/g)];
    expect(named.map(([, file = ""]) => file).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

function headings(text: string): ReadonlySet<string> {
  const titles = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("docs/lint.md explains each rule of our own", () => {
  const listed = [...read("docs/lint.md").matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, rule = ""]) => rule);
  expect(listed.toSorted()).toEqual(Object.keys({ ...RULES, ...MIGRATION_RULES }).toSorted());
});

test("pages say the versions of PostgREST that are known, and the commands that a container can be started for", () => {
  const { oldest, newest } = POSTGREST_MAJORS;
  expect(read("README.md")).toContain(`for PostgREST ${oldest} to ${newest}`);
  expect(read("docs/doctor.md")).toContain(`or older than ${oldest} | newer than ${newest} |`);
  const able = commands.filter(([, { options }]) => options.some(({ long }) => long === "--server"));
  const wanted = able.map(([name]) => name).toSorted();
  const line = {
    "README.md": /^\| a container \|.*/m,
    "docs/ci.md": /^Where a job.*/m,
    "CHANGELOG.md": /^- `--server co.*/m,
  };
  for (const [page, sought] of Object.entries(line)) {
    const named = [...(sought.exec(read(page))?.[0] ?? "").matchAll(/`([a-z]+)`/g)].map(([, name]) => name);
    expect({ page, named: named.toSorted() }).toEqual({ page, named: wanted });
  }
});

test("the README opens with the two command lines", () => {
  expect(/^# tm-db\n\n```sh\n([\s\S]*?)```/.exec(read("README.md"))?.[1]).toBe(
    "npm ci && npx tm-db up\nnpm ci && npm test\n",
  );
});

test("docs/formats.md lists what src/index.ts exports", () => {
  const source = read("src/index.ts");
  const exported = [...source.matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names = ""]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));
  const section = /^## From a program\n([\s\S]*?)^## /m.exec(read("docs/formats.md"))?.[1] ?? "";
  const listed = [...section.matchAll(/^\| `(\w+)/gm)].map(([, name = ""]) => name);
  expect(new Set(listed)).toEqual(new Set(exported));
});

describe("docs/formats.md, of JSON documents,", () => {
  const section = /^## JSON documents\n([\s\S]*?)^## /m.exec(read("docs/formats.md"))?.[1] ?? "";
  const rows = [...section.matchAll(/^\| (`.*?`) \| (.*) \|$/gm)].flatMap(([, names = "", fields = ""]) =>
    words(names).map((command) => ({ command, fields })),
  );
  /** The interfaces of what commands print: their names, and their bodies. */
  const interfaces = [
    ...read("src/core/command-result.ts").matchAll(/^export interface (\w+)(?: extends \w+)? \{\n([\s\S]*?)^\}/gm),
  ].map(([, name = "", body = ""]) => ({ name, body }));
  const results = interfaces.flatMap(({ name, body }) => {
    const commands = [...(/^ {2}readonly command: (.*);$/m.exec(body)?.[1]?.matchAll(/"([^"]+)"/g) ?? [])];
    return commands.map(([, command = ""]) => ({ command, name, body }));
  });

  test("says which fields each command has, and of which fields and values these are", () => {
    const missing = results.flatMap(({ command, body }) => {
      const row = words(rows.find((each) => each.command === command)?.fields ?? "");
      const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = ""]) => field);
      return fields
        .filter((field) => field !== "command" && !row.includes(field))
        .map((field) => `${command}: ${field}`);
    });
    expect(missing).toEqual([]);
    const [fieldsSaid, valuesSaid] = [
      new Set(words(section)),
      new Set(words(read("docs/formats.md") + read("docs/doctor.md"))),
    ];
    const inner = interfaces.flatMap(({ name, body }) => {
      const code = body.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").replace(/^ {2}readonly command: .*/m, "");
      return [...code.matchAll(/readonly (\w+)\??:|"([^"]+)"/g)]
        .filter(([, field, value]) => !fieldsSaid.has(field ?? "") && !valuesSaid.has(value ?? ""))
        .map(([found]) => `${name}: ${found}`);
    });
    expect(inner).toEqual([]);
    expect(results.length).toBeGreaterThan(25);
  });

  test("names no field that there is not", () => {
    const sources = [
      ...readdirSync(join(ROOT, "src/core")).map((name) => `src/core/${name}`),
      "src/config/config.ts",
      "src/app/listen.ts",
      "src/db/listen.ts",
    ];
    const there = new Set(
      sources.flatMap((path) =>
        [...read(path).matchAll(/readonly (\w+)\??:|"([^"\n]+)"/g)].map(([, field, value]) => field ?? value ?? ""),
      ),
    );
    const commands = new Set(rows.map(({ command }) => command));
    const named = rows.flatMap(({ fields }) => words(fields)).filter((word) => /^[a-z]\w*$/i.test(word));
    expect(named.filter((word) => !there.has(word) && !commands.has(word))).toEqual([]);
  });
});

/** What stands in backticks. */
function words(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
}

test("docs/formats.md names each table of the ledger, each field of the state file and each variable that is read", () => {
  const formats = read("docs/formats.md");
  const tables = [
    ...read("src/deploy/ledger-writing.ts").matchAll(/create table if not exists (tm_db\.\w+) \(\n([\s\S]*?)\n\);?/g),
  ];
  const columns = tables.flatMap(([, table = "", body = ""]) => [
    `\`${table}\``,
    ...body
      .split("\n")
      .flatMap((line) => /^ {2}(\w+) /.exec(line)?.[1] ?? [])
      .filter((name) => name !== "primary")
      .map((name) => `\`${name}\``),
  ]);
  const state = /interface EmbeddedState \{([\s\S]*?)\n\}/.exec(read("src/server/state-file.ts"))?.[1] ?? "";
  const fields = [...state.matchAll(/readonly (\w+):/g)].map(([, name]) => `\`${name}\``);
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(`src/${name}`))
    .join("\n");
  const variables = [
    ...sources.matchAll(
      /\b(TM_DB_[A-Z_]+|PG(?:HOST|PORT|USER|PASSWORD|DATABASE|SSLMODE|SSLROOTCERT|PASSFILE)|DATABASE_URL|NO_COLOR|XDG_CACHE_HOME)\b/g,
    ),
  ].map(([, name]) => `\`${name}\``);
  const wanted = new Set([...columns, ...fields, ...variables]);
  expect([...wanted].filter((word) => !formats.includes(word))).toEqual([]);
  expect(tables).toHaveLength(4);
  expect(fields.length).toBeGreaterThan(5);
});

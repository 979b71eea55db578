import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { LocatedChange, Matrix } from "../../../src/core/matrix.ts";
import { html } from "../../../src/report/html/markup.ts";
import { htmlPage } from "../../../src/report/html/page.ts";
import { matrixGithub } from "../../../src/report/matrix/github.ts";
import { matrixHtml } from "../../../src/report/matrix/html.ts";
import { matrixMarkdown } from "../../../src/report/matrix/markdown.ts";
import { makeStyle } from "../../../src/report/style.ts";
import { changeSentences, endedWords } from "../../../src/report/matrix/words.ts";

const NASTY = `a|b <script>alert("1")</script> & 'x' *y*`;

const matrix: Matrix = {
  personas: [
    { name: "ann", role: "web_user" },
    { name: NASTY, role: "web_user" },
  ],
  people: { column: "auth.users.id", claim: "sub", memberships: [{ table: "api.members", of: "api.teams" }] },
  relations: [
    {
      schema: "api",
      name: NASTY,
      kind: "table",
      rows: 3,
      own: ["owner"],
      shared: [],
      rowSecurity: false,
      policies: [],
    },
  ],
  functions: [],
  cells: [
    {
      persona: "ann",
      subject: `api.${NASTY}`,
      action: "select",
      variant: "",
      ended: { kind: "rows", rows: { own: [1, 1], other: [2, 2] } },
      columns: ["id"],
    },
    {
      persona: NASTY,
      subject: `api.${NASTY}`,
      action: "select",
      variant: "",
      ended: { kind: "undecided", why: "no rows" },
    },
  ],
};

describe("the Markdown", () => {
  const text = matrixMarkdown(matrix);

  test("stresses rows of others, tables without row level security, and says what is undecided", () => {
    expect(text).toContain("| ann | **own 1/1, other 2/2** |");
    expect(text).toContain("A table; **without row level security**; 3 rows; own by `owner`.");
    expect(text).toContain("- no rows: select `api.");
  });

  test("lets no name end a cell", () => {
    const table = text.split("\n").filter((line) => line.startsWith("| "));
    for (const line of table) expect(line.replaceAll("\\|", "").split("|").length).toBe(4);
    expect(text).not.toContain("| a|b");
  });
});

test("a code span of the Markdown ends where its name does", () => {
  const markdown = (own: string): string =>
    matrixMarkdown({ ...matrix, relations: matrix.relations.map((relation) => ({ ...relation, own: [own] })) });
  expect(markdown("a``![x](https://example.com/x)``")).toContain("own by ``` a``![x](https://example.com/x)`` ```.");
  expect(markdown("a`b")).toContain("own by ``a`b``.");
  expect(markdown("`a")).toContain("own by `` `a ``.");
  expect(markdown("a\u001b[2J\nb")).toContain("own by `a\\u001b[2J b`.");
});

test("annotations are ours alone, whatever tables are called", () => {
  const name = "q\n::error title=forged::x\u001b]0;t\u0007 ##[error]y";
  const change: LocatedChange = {
    kind: "opened",
    persona: "ann",
    subject: `api.${name}`,
    action: "select",
    variant: "",
    before: { kind: "denied" },
    after: { kind: "rows", rows: { all: [3, null] } },
    columns: [],
    causes: [{ what: `policy on ${name}`, location: { file: "p.sql", line: 3, column: 1, text: "" } }],
  };
  const server = { address: "u@h:1/postgres", source: "--database-url", version: "18.4" };
  const text = matrixGithub(
    {
      command: "matrix",
      matrix,
      compared: true,
      checked: true,
      holds: false,
      changes: [change],
      files: [],
      server,
      ms: 5,
    },
    "db",
    makeStyle(false),
  );
  const commands = text.split("\n").filter((line) => line.trimStart().startsWith("::"));
  expect(commands).toEqual([
    expect.stringMatching(/^::error file=db\/p\.sql,line=3,col=1,title=opened::ann can now SELECT/),
  ]);
  expect(text.match(/[^\P{Cc}\n]|##\[/gu)).toBe(null);
});

describe("the page", () => {
  const page = matrixHtml(matrix);

  test("allows its one style and its one script, by their hashes, and nothing else", () => {
    for (const tag of ["style", "script"]) {
      const found = [...page.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))];
      expect(found.length).toBe(1);
      const hash = createHash("sha256")
        .update(found[0]?.[1] ?? "")
        .digest("base64");
      expect(page).toContain(`${tag}-src &#39;sha256-${hash}&#39;`);
    }
    expect(page).toContain("default-src &#39;none&#39;");
    expect(page).not.toMatch(/\s(src|href|style|on\w+)=/);
  });

  test("has a line for each cell, and no name in it is markup", () => {
    expect(page.match(/<tr\s+data-row/g)?.length).toBe(2);
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)");
  });

  test("escapes what is put into it, and not what is HTML already", () => {
    expect(html`<p title="${'"'}">${[html`<b>${"<"}</b>`, " ", 1, null]}</p>`.markup).toBe(
      '<p title="&quot;"><b>&lt;</b> 1</p>',
    );
    expect(
      htmlPage({
        title: "<T>",
        lead: html`x`,
        body: html`<pre>
a

b</pre>`,
      }),
    ).toContain("<title>&lt;T&gt;</title>");
  });
});

test("what the same happened to several people is one sentence", () => {
  const change = (persona: string, line: number): LocatedChange => ({
    kind: "opened",
    persona,
    subject: "api.tasks",
    action: "select",
    variant: "",
    before: { kind: "denied" },
    after: { kind: "rows", rows: { all: [3, null] } },
    columns: [],
    causes: [{ what: "policy p", location: { file: "p.sql", line, column: 1, text: "" } }],
  });
  const sentences = changeSentences([change("a", 1), change("b", 1), change("c", 2)]);
  expect(sentences.map(({ text, causes }) => [text, causes.length])).toEqual([
    ["a, b and c can now SELECT api.tasks: no privilege → 3 rows", 2],
  ]);
});

test("a question that came or went is said to be one", () => {
  const change = { persona: "ann", subject: "api.t", action: "insert" as const, variant: "", columns: [], causes: [] };
  const refused = { kind: "refused" as const };
  expect(
    changeSentences([
      { ...change, kind: "other", before: refused, after: null },
      { ...change, kind: "other", before: null, after: refused },
    ]).map(({ text }) => text),
  ).toEqual(["ann INSERT api.t, no longer asked: refused", "ann INSERT api.t, newly asked: refused"]);
});

test.each([
  [{ kind: "rows", rows: { all: [1, 2] }, otherwise: "refused" }, "1/2 (else refused)"],
  [{ kind: "rows", rows: { all: [1, null] } }, "1 row"],
  [{ kind: "rows", rows: { own: [0, 1], shared: [2, 2], other: [0, 4] } }, "own 0/1, shared 2/2, other 0/4"],
  [{ kind: "error", sqlState: "PT401", by: "pre-request" }, "error PT401 before it"],
  [{ kind: "denied" }, "no privilege"],
  [{ kind: "ran" }, "ran"],
] as const)("%j in words", (ended, words) => {
  expect(endedWords(ended)).toBe(words);
});

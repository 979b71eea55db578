import { createHash } from "node:crypto";
import { Html, html } from "./markup.ts";

/** A report as one file that needs nothing else: it can be sent by mail, and opened from a build's artifacts. */
export interface HtmlPage {
  readonly title: string;
  /** A sentence or two below the title. */
  readonly lead: Html;
  /** What people choose from besides typing: an element with `data-row` is shown if its `data-<key>` is the chosen one. */
  readonly choices?: readonly Choice[];
  /**
   * Elements with `data-row` are what is filtered, by their text; an element with `data-group` is hidden with the last row
   * in it. What needs another colour says so by a class: good, bad, warn, dim.
   */
  readonly body: Html;
}

export interface Choice {
  /** The attribute without `data-`: lower-case letters. */
  readonly key: string;
  readonly label: string;
  readonly values: readonly string[];
}

/**
 * The page. It loads nothing and sends nothing: its policy allows the one style and the one script in it, by their hashes.
 * Dark where the reader's system is; without scripts everything is shown, and nothing can be filtered.
 */
export function htmlPage({ title, lead, choices = [], body }: HtmlPage): string {
  const policy = `default-src 'none'; style-src '${hashOf(STYLE)}'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>${lead}</p>
          <form id="filter" hidden>
            <input
              type="search"
              name="text"
              placeholder="Filter: every word must be there"
              aria-label="Filter"
              autocomplete="off"
            />
            ${choices.map(choiceHtml)}
            <output id="count" aria-live="polite"></output>
          </form>
        </header>
        <main>${body}</main>
        ${new Html(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `;
  return `${page.markup.trim()}\n`;
}

function choiceHtml({ key, label, values }: Choice): Html {
  return html`<label
    >${label}
    <select name="${key}">
      <option value="">all</option>
      ${values.map((value) => html`<option>${value}</option>`)}
    </select></label
  >`;
}

/** https://www.w3.org/TR/CSP3/#grammardef-hash-source */
function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

const STYLE = `
:root { --back: #fff; --text: #1f2328; --dim: #59636e; --line: #d1d9e0; --shade: #f6f8fa; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; --mark: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #3d444d; --shade: #151b23; --good: #3fb950; --bad: #f85149; --warn: #d29922; --mark: #4493f8; }
}
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 90rem; margin: 0 auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 0.25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
p { margin: 0.25rem 0 0.75rem; }
form { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; padding: 0.75rem 0; background: var(--back); }
form[hidden], [hidden] { display: none; }
input, select { font: inherit; color: inherit; background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: 0.3rem 0.6rem; }
input[type="search"] { flex: 1 1 16rem; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 1px; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
thead th { background: var(--shade); }
.scroll { overflow-x: auto; }
code, pre { font: 0.9em ui-monospace, monospace; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; overflow-x: auto; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .dim { color: var(--dim); }
output { color: var(--dim); }
`;

/** The filter stands in the address, after \`#\`, so that a link shows what one sees. */
const SCRIPT = `
const form = document.getElementById("filter");
const rows = [...document.querySelectorAll("[data-row]")];
const groups = [...document.querySelectorAll("[data-group]")];
function show() {
  const values = [...new FormData(form)].filter(([, value]) => value !== "");
  const words = String(new FormData(form).get("text")).toLowerCase().split(/\\s+/).filter(Boolean);
  const choices = values.filter(([key]) => key !== "text");
  let shown = 0;
  for (const row of rows) {
    const group = row.closest("[data-group]");
    const text = (row.textContent + " " + (group ? group.dataset.group : "")).toLowerCase();
    const fits = words.every((word) => text.includes(word)) && choices.every(([key, value]) => row.dataset[key] === value);
    row.hidden = !fits;
    if (fits) shown += 1;
  }
  for (const group of groups) group.hidden = !group.querySelector("[data-row]:not([hidden])");
  document.getElementById("count").textContent = shown + " of " + rows.length;
  history.replaceState(null, "", "#" + new URLSearchParams(values));
}
function restore() {
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    const field = form.elements.namedItem(key);
    if (field) field.value = value;
  }
  show();
}
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", restore);
form.hidden = rows.length === 0;
restore();
`;

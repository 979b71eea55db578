import type { MutateResult } from "../core/command-result.ts";
import type { MutantResult, MutantVerdict } from "../core/mutation-result.ts";
import { formatCount, formatMs } from "./format.ts";
import { clipChange } from "./mutate-text.ts";

/** The whole result as one page that needs nothing else: survivors first, then what was noticed, by object. */
export function mutateHtml(result: MutateResult): string {
  const { mutants, counts, score, server, ms } = result;
  const survivors = mutants.filter(({ verdict }) => verdict.kind === "survived");
  const equivalent = mutants.filter(({ verdict }) => verdict.kind === "equivalent");
  const subjects = [...new Set(mutants.map(({ subject }) => subject))].toSorted();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tm-db mutate: ${score ?? "–"} %</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${score === null ? "Nothing to damage" : `${score} % noticed`}</h1>
<p>${formatCount(mutants.length)} damages: ${formatCount(counts.killed)} noticed by a test, ${counts.timedOut} by a timeout, <strong>${counts.survived} not noticed</strong>, ${counts.equivalent} equivalent, ${counts.invalid} refused by PostgreSQL. PostgreSQL ${escape(server.version)}, ${formatMs(ms)}.</p>
${section("Not noticed", survivors.map(survivor))}
${section(
  "Entries of the list that do not hold",
  result.stale.map(({ mutant, why }) => `<li>${escape(mutant)} <em>${escape(why)}</em></li>`),
)}
${section(
  "By object",
  subjects.map((name) =>
    group(
      name,
      mutants.filter(({ subject }) => subject === name),
    ),
  ),
)}
${section(
  "Equivalent",
  equivalent.map(
    ({ id, verdict }) =>
      `<li>${escape(id)}<br><em>${escape(verdict.kind === "equivalent" ? verdict.reason : "")}</em></li>`,
  ),
)}
</body>
</html>
`;
}

const STYLE =
  "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}" +
  "pre{background:#8881;padding:.6rem;overflow:auto}del{color:#b00;text-decoration:none}ins{color:#070;text-decoration:none}" +
  "del::before{content:'- '}ins::before{content:'+ '}code,pre,del,ins{font:13px/1.4 ui-monospace,monospace}" +
  "td,th{text-align:left;vertical-align:top;padding:.15rem .6rem;border-top:1px solid #8883}em{color:#888}" +
  "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}del{color:#f88}ins{color:#8d8}}";

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? "" : `<h2>${escape(title)}</h2>\n${items.join("\n")}`;
}

function survivor(mutant: MutantResult): string {
  return `<section><h3>${escape(mutant.subject)} <em>${escape(mutant.operator)}</em></h3>${place(mutant)}<p>${change(mutant)}</p><details><summary>A test that would notice</summary><pre>${escape(mutant.skeleton ?? "")}</pre></details></section>`;
}

function place({ location }: MutantResult): string {
  return location === null
    ? ""
    : `<p><code>${escape(`${location.file}:${location.line}:${location.column}`)}</code></p>`;
}

function change({ before, after }: MutantResult): string {
  const [old, now] = clipChange(before, after);
  return [old === "" ? "" : `<del>${escape(old)}</del>`, now === "" ? "" : `<ins>${escape(now)}</ins>`]
    .filter((part) => part !== "")
    .join("<br>");
}

function group(subject: string, mutants: readonly MutantResult[]): string {
  const missed = mutants.filter(({ verdict }) => verdict.kind === "survived").length;
  const rows = mutants.map(
    (mutant) =>
      `<tr><td>${escape(mutant.operator)}</td><td>${change(mutant)}</td><td>${escape(verdictWords(mutant.verdict))}</td></tr>`,
  );
  const count = missed === 0 ? `${mutants.length}` : `${mutants.length}, ${missed} not noticed`;
  return `<details${missed === 0 ? "" : " open"}><summary>${escape(subject)} (${count})</summary><table>${rows.join("")}</table></details>`;
}

function verdictWords(verdict: MutantVerdict): string {
  switch (verdict.kind) {
    case "killed": {
      const { path, line, title } = verdict.by;
      return `${title} (${path}${line === null ? "" : `:${line}`})`;
    }
    case "timed-out":
      return `a timeout of ${verdict.path}`;
    case "survived":
      return "not noticed";
    case "equivalent":
      return `equivalent: ${verdict.reason}`;
    case "invalid":
      return `refused by PostgreSQL: ${verdict.message}`;
  }
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

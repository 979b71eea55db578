import type { MutateResult } from "../core/command-result.ts";
import type { MutantResult, MutantVerdict } from "../core/mutation-result.ts";
import { formatCount, formatMs } from "./format.ts";
import { type Html, html } from "./html/markup.ts";
import { htmlPage } from "./html/page.ts";
import { clipChange } from "./mutate-text.ts";

const WORDS: Readonly<Record<MutantVerdict["kind"], string>> = {
  killed: "noticed",
  "timed-out": "noticed by a timeout",
  survived: "not noticed",
  equivalent: "equivalent",
  invalid: "refused by PostgreSQL",
};

/** The whole result as one page that needs nothing else: what was not noticed first. */
export function mutateHtml(result: MutateResult): string {
  const { mutants, score, counts, server, ms, stale } = result;
  const ordered = mutants.toSorted((a, b) => Number(isMissed(b)) - Number(isMissed(a)));
  return htmlPage({
    title: score === null ? "Nothing to damage" : `${score} % of the damages were noticed`,
    lead: html`${formatCount(mutants.length)} damages: ${formatCount(counts.killed)} noticed by a test,
      ${counts.timedOut} by a timeout, <strong>${counts.survived} not noticed</strong>, ${counts.equivalent} equivalent,
      ${counts.invalid} refused by PostgreSQL ${server.version}, in ${formatMs(ms)}.`,
    choices: [
      { key: "verdict", label: "Verdict", values: Object.values(WORDS) },
      { key: "operator", label: "Damage", values: [...new Set(mutants.map(({ operator }) => operator))] },
    ],
    body: html`${
        stale.length === 0
          ? null
          : html`<h2>Entries of the list that do not hold</h2>
              <ul>
                ${stale.map(({ mutant, why }) => html`<li class="bad">${mutant} (${why})</li>`)}
              </ul>`
      }
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Object</th>
              <th>Damage</th>
              <th>Change</th>
              <th>Verdict</th>
            </tr>
          </thead>
          <tbody>
            ${ordered.map(row)}
          </tbody>
        </table>
      </div>`,
  });
}

function isMissed({ verdict }: MutantResult): boolean {
  return verdict.kind === "survived";
}

function row(mutant: MutantResult): Html {
  const { subject, operator, location, before, after, verdict, skeleton } = mutant;
  const [old, now] = clipChange(before, after);
  return html`<tr data-row data-verdict="${WORDS[verdict.kind]}" data-operator="${operator}">
    <td>
      ${subject}${
        location === null
          ? null
          : html`<br /><code class="dim">${location.file}:${location.line}:${location.column}</code>`
      }
    </td>
    <td>${operator}</td>
    <td>
      ${old === "" ? null : html`<code class="bad">- ${old}</code>`}${old === "" || now === "" ? null : html`<br />`}${
        now === "" ? null : html`<code class="good">+ ${now}</code>`
      }
    </td>
    <td class="${isMissed(mutant) ? "bad" : verdict.kind === "killed" ? "good" : "warn"}">
      ${verdictWords(verdict)}${
        skeleton === null
          ? null
          : html`<details>
              <summary>a test that would notice</summary>
              <pre>${skeleton}</pre>
            </details>`
      }
    </td>
  </tr>`;
}

function verdictWords(verdict: MutantVerdict): string {
  switch (verdict.kind) {
    case "killed": {
      const { path, line, title } = verdict.by;
      return `${title} (${path}${line === null ? "" : `:${line}`})`;
    }
    case "timed-out":
      return `${verdict.path} did not end in time`;
    case "survived":
      return verdict.toldApart === true ? "not noticed, and somebody sees or may do something else" : "not noticed";
    case "equivalent":
      return `equivalent: ${verdict.reason}`;
    case "invalid":
      return `refused: ${verdict.message}`;
  }
}

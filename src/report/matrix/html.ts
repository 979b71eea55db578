import { type Matrix, type MatrixCell, type MatrixRelation, subjectOf } from "../../core/matrix.ts";
import { type Html, html } from "../html/markup.ts";
import { htmlPage } from "../html/page.ts";
import { endedWords } from "./words.ts";

/** The matrix as a page to look something up in: every cell a line, to be filtered by person, action and text. */
export function matrixHtml(matrix: Matrix): string {
  const { personas, relations, functions, cells } = matrix;
  const subjects = [...relations, ...functions];
  const undecided = cells.filter(({ ended }) => ended.kind === "undecided").length;
  return htmlPage({
    title: "Who may do what",
    lead: html`${personas.length} people, ${relations.length} tables and views, ${functions.length} functions:
    ${cells.length} cells, ${undecided} of them undecided. ${toldApart(matrix)}`,
    choices: [
      { key: "persona", label: "Who", values: personas.map(({ name }) => name) },
      { key: "action", label: "does", values: [...new Set(cells.map(({ action }) => action))] },
      { key: "ended", label: "and it ended", values: [...new Set(cells.map(({ ended }) => ended.kind))] },
    ],
    body: html`${subjects.map((subject) => section(subjectOf(subject), "kind" in subject ? subject : undefined, matrix))}`,
  });
}

function toldApart({ people }: Matrix): string {
  if (people === null) return "Rows are not told apart.";
  const things = people.memberships.map(({ of }) => of).join(", ");
  return `Own rows lead to the person in ${people.column}${things === "" ? "" : `; shared ones are of something in ${things} that they belong to`}.`;
}

function section(name: string, relation: MatrixRelation | undefined, { cells }: Matrix): Html {
  const own = cells.filter(({ subject }) => subject === name);
  const about =
    relation === undefined
      ? "A function."
      : `A ${relation.kind}${relation.kind === "table" && !relation.rowSecurity ? " without row level security" : ""}.`;
  return html`<section data-group="${name}">
    <h2>${name}</h2>
    <p class="dim">${about}</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">who</th>
            <th scope="col">does</th>
            <th scope="col">ended</th>
            <th scope="col">columns</th>
          </tr>
        </thead>
        <tbody>
          ${own.map(row)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function row({ persona, action, variant, ended, columns = [] }: MatrixCell): Html {
  const why = ended.kind === "undecided" ? `: ${ended.why}` : "";
  return html`<tr data-row data-persona="${persona}" data-action="${action}" data-ended="${ended.kind}">
    <th scope="row">${persona}</th>
    <td>${action}${variant === "" ? "" : ` ${variant}`}</td>
    <td class="${colour(ended)}">${endedWords(ended)}${why}</td>
    <td>${columns.join(", ")}</td>
  </tr> `;
}

/** Green is closed and red is open to rows of others: what a reader is looking for. */
function colour(ended: MatrixCell["ended"]): string {
  if (ended.kind === "undecided") return "warn";
  if (ended.kind === "rows") return (ended.rows.other?.[0] ?? 0) > 0 ? "bad" : "";
  return ended.kind === "ran" ? "" : "dim";
}

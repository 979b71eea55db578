import { assertNever } from "./errors.ts";
import type { Subject } from "./subject.ts";

/** An object for people: `policy select_member on api.tasks`. */
export function subjectWords(subject: Subject): string {
  switch (subject.kind) {
    case "schema":
    case "role":
    case "extension":
      return `${subject.kind} ${subject.name}`;
    case "relation":
      return `${subject.schema}.${subject.name}`;
    case "index":
    case "type":
      return `${subject.kind} ${subject.schema}.${subject.name}`;
    case "function":
      return `function ${subject.schema}.${subject.name}${subject.arguments === undefined ? "" : `(${subject.arguments.join(", ")})`}`;
    case "column":
      return `column ${subject.name} of ${subject.schema}.${subject.relation}`;
    case "policy":
    case "trigger":
    case "constraint":
      return `${subject.kind} ${subject.name} on ${subject.schema}.${subject.relation}`;
    case "row-security":
      return `row level security on ${subject.schema}.${subject.relation}`;
    case "grant":
      return `privileges of ${subject.grantee} on ${subjectWords(subject.on)}`;
    default:
      return assertNever(subject);
  }
}

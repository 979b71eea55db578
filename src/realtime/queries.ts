import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import type { NamedQuery, ReadRow } from "../db/read-as.ts";
import type { KeyType, KnownChannel } from "./change.ts";
import type { Sight } from "./tidings.ts";

/** What is asked about a channel in one request. */
export interface Question {
  readonly channel: KnownChannel;
  readonly keys: readonly string[];
  readonly parents: readonly string[];
}

/** The queries of a question. That of the records stands there without keys too: whether it is allowed is an answer. */
export function queriesOf({ channel, keys, parents }: Question): NamedQuery[] {
  const { parent, parentType } = channel;
  const records = { name: `records ${channel.number}`, text: recordsText(channel), values: [keys] };
  if (parent === undefined || parentType === undefined || parents.length === 0) return [records];
  const text = `select p.${quoteIdent(parent.key)}::text
from ${quoteName(parent.relation.schema, parent.relation.name)} as p
where p.${quoteIdent(parent.key)} = any($1::${arrayType(parentType)})`;
  return [records, { name: `parents ${channel.number}`, text, values: [parents] }];
}

function recordsText({ relation, key, keyType, columns, parent }: KnownChannel): string {
  const listed = columns?.map((column) => `r.${quoteIdent(column)}`).join(", ");
  const record = listed === undefined ? "r" : `(select c from (select ${listed}) as c)`;
  const parentKey = parent === undefined ? "null" : `r.${quoteIdent(parent.column)}::text`;
  return `select r.${quoteIdent(key)}::text, row_to_json(${record})::text, ${parentKey}
from ${quoteName(relation.schema, relation.name)} as r
where r.${quoteIdent(key)} = any($1::${arrayType(keyType)})`;
}

function arrayType(type: KeyType): string {
  return type === "character varying" ? "text[]" : `${type}[]`;
}

/** What the answers to the queries of a question show. */
export function sightOf(records: readonly ReadRow[], parents: readonly ReadRow[]): Sight {
  return {
    records: new Map(
      records.map(([key, record, parent]) => [key ?? "", { record: record ?? "", parent: parent ?? null }]),
    ),
    parents: new Set(parents.map(([key]) => key ?? "")),
  };
}

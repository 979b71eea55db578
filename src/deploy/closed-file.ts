import { checksum } from "../core/checksum.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { declareFiles } from "./repeatable.ts";

/**
 * What is left of a file that cannot be applied yet, or any more: row level security of its tables without a policy, so that
 * nobody else sees a row. It stands in the ledger under the file's path, as a version of it that the next deployment
 * replaces. Undefined for a file that closes no table.
 */
export function closedFile(file: RepeatableFile): RepeatableFile | undefined {
  const [declared] = declareFiles([file]);
  const statements = (declared?.declarations ?? []).flatMap(({ declaration }) =>
    declaration.kind === "row-security" && declaration.on
      ? [`alter table ${declaration.table} ${declaration.flag} row level security;\n`]
      : [],
  );
  if (statements.length === 0) return undefined;
  const text = statements.join("");
  return { ...file, text, checksum: checksum(text) };
}

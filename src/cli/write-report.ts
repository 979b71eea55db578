import { writeFile } from "node:fs/promises";
import { unwritable } from "../core/unwritable.ts";

/** Writes what `--output` or `--html` asked for; `file` counts from the current folder. @throws TmDbError FILE_UNWRITABLE. */
export async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw unwritable(
      `the report cannot be written to ${file}`,
      error,
      "name a file in a folder that exists and that you may write to",
    );
  }
}

import { writeFile } from "node:fs/promises";
import { TmDbError } from "../core/errors.ts";

/** Writes what `--output` or `--html` asked for; `file` counts from the current folder. @throws TmDbError FILE_UNWRITABLE. */
export async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new TmDbError("FILE_UNWRITABLE", `the report cannot be written to ${file}: ${(error as Error).message}`, {
      hint: "name a file in a folder that exists and that you may write to",
      cause: error,
    });
  }
}

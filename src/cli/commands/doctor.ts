import { Command } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface DoctorFlags extends SharedOptions {
  readonly drift?: true;
  readonly postgrestUrl?: string;
  readonly postgrestAdminUrl?: string;
}

export function doctorCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("doctor"))
    .description("say whether everything is in place for PostgREST to serve the database; exit with 1 when it is not")
    .option("--drift", "compare the whole catalog with what the files build, which takes seconds")
    .option("--postgrest-url <url>", "where PostgREST answers; else POSTGREST_URL, or postgrestUrl of the project")
    .option("--postgrest-admin-url <url>", "where its admin server does; else POSTGREST_ADMIN_URL or postgrestAdminUrl")
    .addHelpText("after", "\nExample:\n  npx tm-db doctor --postgrest-url http://localhost:3000\n")
    .action(async (flags: DoctorFlags) => {
      await execute(flags, async (context) => {
        const { doctor } = await import("../../app/doctor.ts");
        const { drift, postgrestUrl, postgrestAdminUrl } = flags;
        return await doctor({ ...context, drift, postgrestUrl, postgrestAdminUrl });
      });
    });
}

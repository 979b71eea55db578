import { Command, Option } from "commander";
import type { Execute } from "../execute.ts";
import { parseSeconds } from "../parse-duration.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface RotateFlags extends SharedOptions {
  readonly grace?: number;
}

interface RevokeFlags extends SharedOptions {
  readonly now?: true;
}

const DEFAULT_GRACE_SECONDS = 86_400;

export function secretCommand(execute: Execute): Command {
  return new Command("secret")
    .description("exchange the JWT secret without refusing tokens that are still valid")
    .addCommand(prepareCommand(execute))
    .addCommand(rotateCommand(execute))
    .addCommand(revokeCommand(execute))
    .addCommand(statusCommand(execute))
    .addHelpText(
      "after",
      "\nExamples:\n  npx tm-db secret prepare && npx tm-db postgrest config\n  npx tm-db secret rotate\n",
    );
}

function prepareCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("prepare"))
    .description(
      "add a secret that PostgREST accepts and nothing signs with yet: the one of TM_DB_JWT_SECRET, or a new one",
    )
    .addHelpText("after", "\nExample:\n  npx tm-db secret prepare && npx tm-db postgrest config\n")
    .action(async (flags: SharedOptions) => {
      await execute(flags, async (context) => (await import("../../app/secret.ts")).secretPrepare(context));
    });
}

function rotateCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("rotate"))
    .description("sign with the secret that waits, or a new one; the one before is accepted for a while")
    .addOption(
      new Option(
        "--grace <time>",
        "how long tokens of the secret before are accepted; 0 is not at all (default: 24h)",
      ).argParser((text) => (text === "0" ? 0 : parseSeconds(text))),
    )
    .addHelpText("after", "\nExample:\n  npx tm-db secret rotate --grace 2h && npx tm-db postgrest config\n")
    .action(async (flags: RotateFlags) => {
      await execute(flags, async (context) => {
        const { secretRotate } = await import("../../app/secret.ts");
        return await secretRotate({ ...context, graceSeconds: flags.grace ?? DEFAULT_GRACE_SECONDS });
      });
    });
}

function revokeCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("revoke"))
    .description("forget the secret before, when its time is over")
    .option("--now", "before its time is over: its tokens are void then")
    .addHelpText("after", "\nExample:\n  npx tm-db secret revoke && npx tm-db postgrest config\n")
    .action(async (flags: RevokeFlags) => {
      await execute(flags, async (context) => {
        const { secretRevoke } = await import("../../app/secret.ts");
        return await secretRevoke({ ...context, now: flags.now });
      });
    });
}

function statusCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("status"))
    .description("say how far the exchange is")
    .addHelpText("after", "\nExample:\n  npx tm-db secret status\n")
    .action(async (flags: SharedOptions) => {
      await execute(flags, async (context) => (await import("../../app/secret.ts")).secretStatus(context));
    });
}

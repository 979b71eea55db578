import { text as readAll } from "node:stream/consumers";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { TmDbError } from "../../core/errors.ts";
import type { Execute } from "../execute.ts";
import { parseSeconds } from "../parse-duration.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface TokenFlags extends SharedOptions {
  readonly user?: string;
  readonly role?: string;
  readonly ttl?: number;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly secretFile?: string;
}

export function tokenCommand(execute: Execute): Command {
  return addSecretOption(addDatabaseOptions(new Command("token")))
    .description("print a token for a user of the database, or for a role")
    .option("--user <name>", "whom the database issues it for, by token.query of tm-db.config.json")
    .option("--role <role>", "the role, where there is no account; or another one than the account's")
    .addOption(
      new Option("--ttl <time>", "how long it is valid (default: as the database says, else 1h)").argParser(
        parseSeconds,
      ),
    )
    .addOption(new Option("--claims <json>", "claims to put over the others").argParser(parseClaims))
    .addCommand(decodeCommand(execute))
    .enablePositionalOptions()
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        '  curl -H "Authorization: Bearer $(npx tm-db token --user alice@example.com)" localhost:3000/projects',
        "  npx tm-db token --role api_user --ttl 5m --claims '{\"user_id\": 1}'",
        "",
      ].join("\n"),
    )
    .action(async (flags: TokenFlags) => {
      await execute(flags, async (context) => {
        const { token } = await import("../../app/token.ts");
        const { user, role, ttl: ttlSeconds, claims, secretFile } = flags;
        return await token({ ...context, user, role, ttlSeconds, claims, secretFile });
      });
    });
}

function decodeCommand(execute: Execute): Command {
  return addSecretOption(addDatabaseOptions(new Command("decode")))
    .description("say what stands in a token, when it expires, and whether its signature is right")
    .addArgument(
      new Argument("[token]", "the token; left out or -, it is read from stdin, which no process list shows"),
    )
    .addHelpText("after", "\nExample:\n  npx tm-db token --user alice@example.com | npx tm-db token decode\n")
    .action(async (given: string | undefined, flags: TokenFlags) => {
      await execute(flags, async (context) => {
        const { tokenDecode } = await import("../../app/token.ts");
        return await tokenDecode({ ...context, token: await tokenFrom(given), secretFile: flags.secretFile });
      });
    });
}

async function tokenFrom(given: string | undefined): Promise<string> {
  if (given !== undefined && given !== "-") return given;
  if (process.stdin.isTTY) {
    throw new TmDbError("USAGE", "there is no token to decode", {
      hint: "pipe it: npx tm-db token decode < token.txt   or name it: npx tm-db token decode <token>",
    });
  }
  return await readAll(process.stdin);
}

function addSecretOption(command: Command): Command {
  return command.option("--secret-file <file>", "the JWT secret; else the database's, or TM_DB_JWT_SECRET");
}

function parseClaims(json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InvalidArgumentError(`must be JSON: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError(`must be a JSON object, such as '{"user_id": 1}'`);
}

import { type Command, Help, type Option } from "commander";
import { buildProgram, withSubcommands } from "../../src/cli/program.ts";

/** The page of all commands, as `--help` prints them, in Markdown. */
export function cliPage(): string {
  const program = buildProgram(async () => {});
  const commands = program.commands.flatMap((command) => withSubcommands(command));
  const index = commands.map(
    ([name, command]) => `| [\`${name}\`](#tm-db-${name.replaceAll(" ", "-")}) | ${sentence(command.description())} |`,
  );
  return [
    "# Commands",
    "",
    "This page is generated from the program itself: `npm run docs`.",
    "",
    program.description(),
    "",
    "A command works on one project: the folder of `--config`, or else the nearest folder upwards that holds",
    "`tm-db.config.json`, or else the current one.",
    "",
    "| command | does |",
    "| --- | --- |",
    ...index,
    "",
    ...commands.flatMap(([name, command]) => commandSection(name, command)),
    "## Output and exit codes",
    "",
    "Results go to stdout, progress and errors to stderr; with `--json`, errors are a document on stdout too. What the",
    "documents hold is described in [formats.md](formats.md#json-documents), and each error in [errors.md](errors.md).",
    "",
    "| exit code | means |",
    "| --- | --- |",
    "| 0 | yes: it was done, or there was nothing to do |",
    "| 1 | it ran, and the answer is no: SQL was refused, the history has parted, `status --check` found a difference |",
    "| 2 | it could not run: usage, settings, files, connection |",
    "| 3 | a defect of tm-db |",
    "| 130 | interrupted; what had begun was rolled back |",
    "",
  ].join("\n");
}

function commandSection(name: string, command: Command): string[] {
  const help = new Help();
  const usage = `tm-db ${name} ${command.usage()}`;
  const args = help
    .visibleArguments(command)
    .map((argument) => `| \`<${argument.name()}>\` | ${argument.description} |`);
  const options = help.visibleOptions(command).map(optionRow);
  return [
    `## tm-db ${name}`,
    "",
    sentence(command.description()),
    "",
    "```",
    usage,
    "```",
    "",
    ...(args.length === 0 ? [] : ["| argument | means |", "| --- | --- |", ...args, ""]),
    ...(options.length === 0 ? [] : ["| option | means |", "| --- | --- |", ...options, ""]),
    "Example:",
    "",
    "```sh",
    ...exampleOf(command),
    "```",
    "",
  ];
}

function optionRow(option: Option): string {
  const conflicts = Reflect.get(option, "conflictsWith") as readonly string[];
  const alone =
    conflicts.length === 0
      ? ""
      : `; not together with ${conflicts.map((name) => `\`--${kebabCase(name)}\``).join(", ")}`;
  return `| \`${option.flags}\` | ${option.description}${alone} |`.replaceAll("||", "\\|\\|");
}

/** Commander knows options by their name in programs: `databaseUrl` is `--database-url`. */
function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The example lines that stand after a command's options; empty where there are none. */
export function exampleOf(command: Command): string[] {
  let printed = "";
  const before = { ...command.configureOutput() };
  command.configureOutput({ writeOut: (text) => (printed += text) });
  command.outputHelp();
  command.configureOutput(before);
  const [, examples = ""] = printed.split(/^Examples?:$/m);
  return examples
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** A command like `tm-db up` and `tm-db stop`: events go to stderr, the result to stdout, a line of JSON each. */
const PROGRAM = `
import { startEmbedded, stopEmbedded } from "./src/server/embedded.ts";
const [command, projectDir, dataHome] = process.argv.slice(2);
const onEvent = (event) => process.stderr.write(JSON.stringify(event) + "\\n");
const result = command === "start"
  ? await startEmbedded({ projectDir, database: "app", durable: false, dataHome: dataHome || undefined, onEvent })
  : await stopEmbedded({ projectDir });
process.stdout.write(JSON.stringify(result) + "\\n");
if (process.env.STAY) setInterval(() => undefined, 1000);
`;

/** Bundles the program to where node finds the installed packages, and returns its path. */
export async function buildProgram(): Promise<string> {
  const dir = `${repository}node_modules/.cache/tm-db-test`;
  mkdirSync(dir, { recursive: true });
  const outfile = `${dir}/embedded-${process.pid}.mjs`;
  await build({
    stdin: { contents: PROGRAM, resolveDir: repository, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    logLevel: "error",
  });
  chmodSync(outfile, 0o644);
  return outfile;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end: until it exited AND nobody holds its output any more. */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

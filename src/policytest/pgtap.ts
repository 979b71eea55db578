import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { isPermissionDenied, runScript } from "../db/run-script.ts";

/**
 * The schema that holds pgTAP in a template. pgTAP's functions call each other without a schema, so it must be in every
 * search_path that a test uses, after whatever PostgREST would put there.
 */
export const PGTAP_SCHEMA = "pgtap";

/** What pgTAP files run with, as `alter database … set search_path` wants it. */
export const TEST_SEARCH_PATH = `"$user", public, ${PGTAP_SCHEMA}`;

const PACKAGE = "@electric-sql/pglite-pgtap";
const ARCHIVE = "pgtap.tar.gz";

/** Tells the pgTAP that comes with tm-db from that of another version. */
export function carriedPgtap(): string {
  return createHash("sha256").update(readArchive()).digest("hex");
}

/** Beside the built program, where scripts/build.mjs puts it, or in the package that carries it. */
function readArchive(): Buffer {
  const built = fileURLToPath(new URL(ARCHIVE, import.meta.url));
  if (existsSync(built)) return readFileSync(built);
  return readFileSync(join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), ARCHIVE));
}

/** The version of pgTAP that the server offers as an extension; undefined where it has none. */
export async function offeredPgtap(client: DatabaseClient): Promise<string | undefined> {
  const { rows } = await client.query<{ readonly version: string }>(
    "select default_version as version from pg_catalog.pg_available_extensions where name = 'pgtap'",
  );
  return rows[0]?.version;
}

/**
 * Installs pgTAP into a template: the server's extension where there is one that this role may create, else the SQL that
 * comes with tm-db. Everybody may call it, whatever the project's default privileges say.
 */
export async function installPgtap(client: DatabaseClient): Promise<void> {
  const schema = quoteIdent(PGTAP_SCHEMA);
  await client.query(`create schema ${schema}`);
  if ((await offeredPgtap(client)) === undefined || !(await createExtension(client))) {
    await runScript(
      client,
      `begin; set local search_path = ${schema}; set local client_min_messages = error;\n${readCarriedPgtap()}\ncommit;`,
    );
  }
  await runScript(
    client,
    `grant usage on schema ${schema} to public;
     grant select on all tables in schema ${schema} to public;
     grant execute on all functions in schema ${schema} to public;`,
  );
}

async function createExtension(client: DatabaseClient): Promise<boolean> {
  try {
    await client.query(`create extension pgtap schema ${quoteIdent(PGTAP_SCHEMA)}`);
    return true;
  } catch (error) {
    if (isPermissionDenied(error)) return false;
    throw error;
  }
}

/**
 * pgTAP as the npm package carries it: the newest `pgtap--X.sql` of its archive, which is the extension's whole script.
 * What only `create extension` understands is taken out.
 */
export function readCarriedPgtap(): string {
  const archive = gunzipSync(readArchive());
  const scripts = [...readTar(archive)].flatMap(({ name, content }) => {
    const version = /(?:^|\/)pgtap--(\d+(?:\.\d+)*)\.sql$/.exec(name)?.[1];
    return version === undefined ? [] : [{ version, content }];
  });
  const [newest] = scripts.toSorted((a, b) => compareVersions(b.version, a.version));
  if (newest === undefined) {
    throw new TmDbError("FILE_UNREADABLE", `${PACKAGE} carries no pgtap--<version>.sql`, { hint: "npm ci" });
  }
  return newest.content
    .toString("utf8")
    .replaceAll(/^\\.*$/gm, "")
    .replaceAll("@extschema@", quoteIdent(PGTAP_SCHEMA))
    .replaceAll(/^.*'MODULE_PATHNAME'.*$/gm, "");
}

/** The regular files of a tar archive; https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function* readTar(archive: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  const block = 512;
  for (let at = 0; at + block <= archive.length;) {
    const text = (from: number, length: number): string =>
      archive.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const name = text(0, 100);
    if (name === "") return;
    const size = Number.parseInt(text(124, 12).trim(), 8);
    const start = at + block;
    yield { name, content: archive.subarray(start, start + size) };
    at = start + Math.ceil(size / block) * block;
  }
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

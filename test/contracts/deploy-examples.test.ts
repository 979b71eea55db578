import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { buildProgram, withSubcommands } from "../../src/cli/program.ts";
import { parseConfig } from "../../src/config/config.ts";
import { DERIVED_OPTIONS, POSTGREST_OPTIONS } from "../../src/core/postgrest-options.ts";
import { listening, postgrestConfig } from "../../src/postgrest/config.ts";

const PAGE = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8");

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);
}

function block(language: string): string {
  const found = blocks(language);
  expect(found).toHaveLength(1);
  return found[0] ?? "";
}

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile_inline: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly command?: readonly string[];
  readonly configs?: readonly { readonly source: string }[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const COMPOSE = parse(block("yaml"), { strict: true, uniqueKeys: true }) as Compose;
const SERVICES = Object.entries(COMPOSE.services);

/** What PostgREST gets without a word of the project's own. */
const DEFAULT = listening(
  postgrestConfig({
    connection: { host: "h", port: 1, user: "u", password: undefined, database: "d", source: "test" },
    authenticator: "authenticator",
    authenticatorPassword: undefined,
    anonymous: "anonymous",
    exposedSchemas: ["api"],
    extraSearchPath: [],
    preRequest: undefined,
    secrets: [],
    options: {},
  }),
);

/** What commander says of a command line; undefined where it would run. */
async function complaint(line: string): Promise<string | undefined> {
  const program = buildProgram(() => Promise.resolve());
  for (const [, command] of withSubcommands(program)) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  }
  try {
    await program.parseAsync(line.trim().split(/\s+/).slice(2), { from: "user" });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const COMMANDS = [...PAGE.matchAll(/npx tm-db [^`&#"\n)|]+/g)].map(([line]) => line.trim());

test.each([...new Set(COMMANDS)])("%s is a command that runs", async (line) => {
  expect(await complaint(line)).toBeUndefined();
});

test("a command that does not run would be noticed", async () => {
  expect(COMMANDS.length).toBeGreaterThan(10);
  expect(await complaint("npx tm-db postgrest config --force")).toMatch(/unknown option/);
});

test.each(blocks("json"))("%s are settings that a project may have", (json) => {
  expect(() => parseConfig(JSON.parse(json), "/project", { name: "tm-db.config.json" })).not.toThrow();
});

test("the columns for two secrets are those that the settings name, and the reference database has them as well", () => {
  const [sql = ""] = blocks("sql");
  const columns = [...sql.matchAll(/^ {2}(\w+) (?:text|timestamptz|boolean)/gm)].map(([, name]) => name);
  const example = blocks("json").map((json) => JSON.parse(json) as { jwtRotation?: Record<string, string> });
  const named = example.flatMap(({ jwtRotation = {} }) => Object.values(jwtRotation));
  expect(columns).toEqual(["only_row", "secret", ...named]);
  const migration = readFileSync(new URL("../../migrations/0003_accounts.sql", import.meta.url), "utf8");
  const table = /create table auth\.secrets \(([\s\S]*?)\n\);/.exec(migration)?.[1] ?? "";
  expect([...table.matchAll(/^ {2}(\w+) (?:text|timestamptz|boolean)/gm)].map(([, name]) => name)).toEqual(columns);
});

describe("the compose file", () => {
  test("has images of one version each, which nobody changes behind one's back", () => {
    const images = SERVICES.flatMap(([, { image, build }]) => [
      ...(image === undefined ? [] : [image]),
      ...[...(build?.dockerfile_inline ?? "").matchAll(/^FROM (\S+)$/gm)].map(([, from = ""]) => from),
    ]);
    expect(images).toHaveLength(4);
    for (const image of images) expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+[\w.-]*$/);
  });

  test("names only volumes, secrets, configurations and services that it declares", () => {
    const declared = (kind: "volumes" | "secrets" | "configs"): string[] => Object.keys(COMPOSE[kind]);
    for (const [, { volumes = [], secrets = [], configs = [], depends_on = {} }] of SERVICES) {
      expect(declared("volumes")).toEqual(expect.arrayContaining(volumes.map((volume) => volume.split(":")[0])));
      expect(declared("secrets")).toEqual(expect.arrayContaining([...secrets]));
      expect(declared("configs")).toEqual(expect.arrayContaining(configs.map(({ source }) => source)));
      expect(Object.keys(COMPOSE.services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
    }
  });

  test("gives PostgREST options that it has, and the file that deploy wrote", () => {
    const { postgrest, deploy } = COMPOSE.services;
    const known = [...Object.keys(POSTGREST_OPTIONS), ...Object.keys(DERIVED_OPTIONS)];
    const names = Object.keys(postgrest?.environment ?? {});
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(known).toContain(name.replace("PGRST_", "").toLowerCase().replaceAll("_", "-"));
    const path = postgrest?.command?.at(-1) ?? "?";
    expect(deploy?.command?.at(-1)).toContain(`--output ${path}`);
  });

  test("offers the port that PostgREST listens on, to this machine only, and Swagger UI knows it", () => {
    const port = new URL(DEFAULT.api ?? "").port;
    expect(COMPOSE.services["postgrest"]?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(COMPOSE.services["swagger"]?.environment?.["API_URL"]).toBe(`http://localhost:${port}/`);
    for (const [, { ports = [] }] of SERVICES)
      for (const published of ports) expect(published).toMatch(/^127\.0\.0\.1:/);
  });

  test("holds no password: they are files that the page says how to make", () => {
    for (const [, { environment = {} }] of SERVICES)
      for (const [name, value] of Object.entries(environment))
        if (/password|secret/i.test(name)) expect(value).toMatch(/^\/run\/secrets\//);
    const [, made = ""] = /for name in ([\w ]+); do openssl/.exec(PAGE) ?? [];
    expect(made.split(" ").map((name) => `${name}_password`)).toEqual(Object.keys(COMPOSE.secrets));
    expect(PAGE).not.toMatch(/:\/\/[^@\s/]*:[^@\s/]*@/);
  });

  test("deploys as the owner that the database is made for, who is no superuser", () => {
    const { PGUSER: user, PGDATABASE: database } = COMPOSE.services["deploy"]?.environment ?? {};
    const sql = COMPOSE.configs["owner"]?.content ?? "";
    expect(sql).toContain(`create role ${user} login createrole password`);
    expect(sql).toContain(`create database ${database} owner ${user};`);
    expect(sql).not.toMatch(/superuser/);
  });
});

describe("nginx", () => {
  const text = block("nginx");

  test("passes on to the port that PostgREST listens on, and limits each location", () => {
    const { host } = new URL(DEFAULT.api ?? "");
    expect(/upstream (\w+) \{\s+server (\S+);/.exec(text)?.slice(1)).toEqual(["postgrest", host]);
    const locations = [...text.matchAll(/location [^{]+\{((?:[^{}]|\{[^}]*\})*)\}/g)].map(([, inner = ""]) => inner);
    expect(locations).toHaveLength(2);
    const zones = [...text.matchAll(/zone=(\w+):/g)].map(([, zone]) => zone);
    for (const inner of locations) {
      expect(zones).toContain(/limit_req zone=(\w+)/.exec(inner)?.[1]);
      expect(inner).toContain("proxy_pass http://postgrest;");
    }
  });

  test("limits the functions that check passwords", () => {
    const location = /location ~ (\S+) /.exec(text)?.[1] ?? "";
    const limited = ["/rpc/login", "/rpc/register"].filter((path) => new RegExp(location).test(path));
    expect(limited).toHaveLength(2);
    expect(new RegExp(location).test("/rpc/search_tasks")).toBe(false);
    const [, inner = ""] = text.split(`location ~ ${location} {`);
    expect(inner.split("proxy_pass")[0]).toContain("if ($args) { return 400; }");
  });

  test.each([
    ["select=a1:title::numeric", true],
    ["select=a1:title%3A%3anumeric", true],
    ["select=title%3a:numeric", true],
    ["select=title:%3Anumeric", true],
    ["%73elect=sum()::text", true],
    ["select=id,name:title,projects(name)&order=id", false],
    ["due_date=gt.2026-01-31T12:00:00%2B00:00", false],
    ["due_date=gt.2026-01-31T12%3A00%3A00Z", false],
  ])("whether it refuses the query string %s: %s", (args, isRefused) => {
    const [, cast = ""] = /if \(\$args ~\* "([^"]+)"\) \{ return 400; \}\n\n {2}location/.exec(text) ?? [];
    expect(cast).not.toBe("");
    expect(new RegExp(cast, "i").test(args)).toBe(isRefused);
  });

  const nginx = process.env["NGINX_BIN"] ?? "nginx";
  test.runIf(runs(nginx, ["-v"]) && runs("openssl", ["version"]))("itself reads the example", () => {
    const dir = mkdtempSync(join(tmpdir(), "tm-db-nginx-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const [key, certificate] = [join(dir, "key.pem"), join(dir, "certificate.pem")];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=api.example.com"];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    const http = text
      .replaceAll(/\/etc\/letsencrypt\S+fullchain\.pem/g, certificate)
      .replaceAll(/\/etc\/letsencrypt\S+privkey\.pem/g, key);
    writeFileSync(
      join(dir, "nginx.conf"),
      `pid ${dir}/pid;\nevents {}\nhttp {\naccess_log off;\n${temporaryPaths(dir)}${http}}\n`,
    );
    const { status, stderr } = spawnSync(nginx, ["-t", "-p", dir, "-e", "stderr", "-c", join(dir, "nginx.conf")], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("syntax is ok") });
  });
});

/** Folders that nginx would make in places of its own. */
function temporaryPaths(dir: string): string {
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return kinds.map((kind) => `${kind}_temp_path ${join(dir, kind)};\n`).join("");
}

function runs(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

test("the systemd unit starts PostgREST with the file that the page writes, and reloads it by its signal", () => {
  const unit = block("ini");
  const path = /^ExecStart=\/usr\/local\/bin\/postgrest (\S+)$/m.exec(unit)?.[1] ?? "?";
  expect(PAGE).toContain(`npx tm-db postgrest config --output ${path}`);
  expect(PAGE).toContain(`-o ${/^User=(\w+)$/m.exec(unit)?.[1]} `);
  expect(unit).toContain("ExecReload=/bin/kill -SIGUSR2 $MAINPID");
});

#!/usr/bin/env node
// Stands in for PostgREST where there is none: it reads the same options from the same places, logs in with `db-uri`, answers
// on the same ports, checks tokens by `jwt-secret` as text or key set, and reads its file again when it is told to. It serves no
// tables: `/claims` answers what a token says, once the role was become. STAND_IN says how it shall fail.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { importJWK, jwtVerify } from "jose";
import pg from "pg";

const mode = process.env.STAND_IN ?? "";
const log = (text) => process.stderr.write(`stand-in: ${text}\n`);

/** A value of the file; its full grammar is tested elsewhere. */
const unquote = (text) => (text.startsWith('"') ? JSON.parse(text).replaceAll("$$", "$") : text);

function readOptions() {
  const [, , path] = process.argv;
  const lines = path !== undefined && existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const bindings = lines.flatMap((line) => /^([a-z-]+) = (.*)$/.exec(line)?.slice(1) ?? []);
  const options = {};
  for (let at = 0; at < bindings.length; at += 2) options[bindings[at]] = unquote(bindings[at + 1]);
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("PGRST_")) options[name.slice(6).toLowerCase().replaceAll("_", "-")] = value;
  }
  return options;
}

function keysOf(secret) {
  try {
    const value = JSON.parse(secret);
    if (Array.isArray(value.keys)) return value.keys;
  } catch {
    // A text.
  }
  return [{ kty: "oct", k: Buffer.from(secret).toString("base64url"), alg: "HS256" }];
}

async function claimsOf(token) {
  for (const key of keysOf(options["jwt-secret"])) {
    const verified = await jwtVerify(token, await importJWK(key, "HS256")).catch(() => undefined);
    if (verified !== undefined) return verified.payload;
  }
  return undefined;
}

async function answerClaims(request) {
  const claims = await claimsOf((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  if (claims === undefined) return { status: 401, body: { message: "no" } };
  await client.query("begin");
  try {
    await client.query("select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)", [
      claims.role,
      JSON.stringify(claims),
    ]);
    await client.query(`select ${options["db-pre-request"]}()`);
    return { status: 200, body: claims };
  } catch (error) {
    return { status: 401, body: { message: error.message } };
  } finally {
    await client.query("rollback");
  }
}

let options = readOptions();
if (mode === "fails to start") {
  log("FatalError: something is wrong with the configuration");
  process.exit(1);
}
const client = new pg.Client({ connectionString: options["db-uri"] });
await client.connect();
if (options["db-channel-enabled"] === "true") {
  client.on("notification", ({ payload }) => {
    if (payload !== "reload config") return;
    options = readOptions();
    log("configuration read again");
  });
  await client.query(`listen ${options["db-channel"]}`);
}

const api = createServer((request, response) => {
  const routes = {
    "/claims": () => answerClaims(request),
    "/process": () => ({ status: 200, body: { pid: process.pid, argv: process.argv, env: process.env } }),
    "/die": () => process.exit(3),
  };
  const route = routes[request.url] ?? (() => ({ status: 404, body: {} }));
  Promise.resolve(route()).then(({ status, body }) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
});
const admin = createServer((request, response) => {
  const isReady = request.url === "/ready" && mode !== "is never ready";
  response.writeHead(isReady ? 200 : 503).end();
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    if (mode !== "is deaf") process.exit(0);
  });
}
api.listen(Number(options["server-port"]), options["server-host"], () =>
  log(`Listening on port ${options["server-port"]}`),
);
admin.listen(Number(options["admin-server-port"]), options["server-host"]);

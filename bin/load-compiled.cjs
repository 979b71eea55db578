"use strict";
const { createHash } = require("node:crypto");
const { readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { dirname } = require("node:path");
const vm = require("node:vm");

/** The bundle begins with a comment of this length that says which build it is. */
const BUILD_LENGTH = 64;
const HEAD_LENGTH = 32 + 8;
/** A cache is written anew when a run has compiled so much more than is in it. */
const WORTHWHILE = 1.03;

/**
 * Runs the bundle, a CommonJS file whose `import()` is a parameter, without compiling again what an earlier run has
 * compiled: V8's code cache (https://v8.dev/blog/code-caching-for-devs). There is one for each `command`, as each needs
 * another part of the file: what it has used so far.
 *
 * A cache lies beside the file: code is taken from nowhere that somebody else could write to. Where this user cannot
 * write either, there is none; nor with NODE_DISABLE_COMPILE_CACHE, which Node has for its own.
 */
exports.loadCompiled = function loadCompiled(file, command) {
  const source = readFileSync(file, "latin1");
  const origin = `${source.slice(0, BUILD_LENGTH)}${describeNode()}`;
  const cacheFile = file.replace(/\.cjs$/, `.${/^[a-z]+$/.test(command ?? "") ? command : "help"}.cache`);
  const isOn = process.env.NODE_DISABLE_COMPILE_CACHE === undefined;
  const cache = isOn ? readCache(cacheFile, origin) : undefined;
  const script = new vm.Script(`(function (exports, require, __import, __filename, __dirname) { ${source}\n})`, {
    filename: file,
    cachedData: cache?.code,
  });
  const known = script.cachedDataRejected === false ? cache.size : 0;
  process.once("exit", (exitCode) => {
    // Whatever was only half run, or a command that is none, says little about what will be needed.
    if (!isOn || (exitCode !== 0 && exitCode !== 1)) return;
    const { getHeapCodeStatistics, setFlagsFromString } = require("node:v8");
    const size = getHeapCodeStatistics().bytecode_and_metadata_size;
    if (size <= known * WORTHWHILE) return;
    // V8 takes a cache only where its flags are those with which it was made, and src/deploy/parse-sql.ts sets some.
    for (const flag of ["no-liftoff-only", "wasm-tier-up", "wasm-dynamic-tiering", "no-wasm-lazy-validation"]) {
      setFlagsFromString(`--${flag}`);
    }
    writeCache(cacheFile, script.createCachedData(), { origin, size });
  });
  script.runInThisContext()({}, createRequire(file), (name) => import(name), file, dirname(file));
};

/**
 * V8 refuses what another version of it has compiled, but Node changes V8 without changing its version, and would crash:
 * 20.20 at what 20.11 has compiled. The file says which Node it is, whoever built it.
 */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.platform} ${process.arch} ${size} ${mtimeMs}`;
}

/**
 * Undefined where there is none, or one that is of another build or Node, or not whole: V8 would take it and go astray.
 * Before the code stand its checksum, its size, and `origin`.
 */
function readCache(cacheFile, origin) {
  try {
    const bytes = readFileSync(cacheFile);
    const start = HEAD_LENGTH + origin.length;
    const code = bytes.subarray(start);
    const isOurs = bytes.latin1Slice(HEAD_LENGTH, start) === origin && checksum(code).equals(bytes.subarray(0, 32));
    return isOurs ? { code, size: bytes.readDoubleLE(32) } : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, whoever else writes it; without one, the program is only slower. */
function writeCache(cacheFile, code, { origin, size }) {
  const sizeBytes = Buffer.alloc(8);
  sizeBytes.writeDoubleLE(size);
  const bytes = Buffer.concat([checksum(code), sizeBytes, Buffer.from(origin, "latin1"), code]);
  const own = `${cacheFile}.${process.pid}`;
  try {
    // It is code: whatever the umask allows, nobody else may write to it.
    writeFileSync(own, bytes, { flag: "wx", mode: 0o644 });
    renameSync(own, cacheFile);
  } catch {
    rmSync(own, { force: true });
  }
}

function checksum(code) {
  return createHash("sha256").update(code).digest();
}

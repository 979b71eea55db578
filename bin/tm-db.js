#!/usr/bin/env node
"use strict";
// An old Node must be able to read this file: it says which one is needed, instead of failing at a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(`tm-db needs Node.js 20.11 or newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  require("./load-compiled.cjs").loadCompiled(require.resolve("../dist/cli.cjs"), process.argv[2]);
}

#!/usr/bin/env node
"use strict";
// An old Node must be able to read this file: it says which one is needed, instead of failing at a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(`tm-db needs Node.js 20.11 or newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { FREQUENT } = require("./frequent.cjs");
  const { loadCompiled } = require("./load-compiled.cjs");
  const command = process.argv[2];
  loadCompiled(require.resolve(FREQUENT.includes(command) ? "../dist/frequent.cjs" : "../dist/cli.cjs"), command);
}

#!/usr/bin/env node
"use strict";
// An old Node must be able to read this file: it says which one is needed, instead of failing at a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
if (!isSupported) {
  process.stderr.write(`tm-db needs Node.js 20.19, 22.12, or 24 and newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { FREQUENT } = require("./frequent.cjs");
  const { loadCompiled } = require("./load-compiled.cjs");
  const command = process.argv[2];
  loadCompiled(require.resolve(FREQUENT.includes(command) ? "../dist/frequent.cjs" : "../dist/cli.cjs"), command);
}

#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  process.stderr.write(`tm-db needs Node.js 20.11 or newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  await import("../dist/cli/main.js");
}

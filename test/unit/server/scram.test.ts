import { expect, test } from "vitest";
import { scramVerifier } from "../../../src/server/scram.ts";

test("gives PostgreSQL's own verifier: the one of an empty password in its regression test password.sql", () => {
  expect(scramVerifier("", Buffer.from("hpFyHTUsSWcR7O9P", "base64"))).toBe(
    "SCRAM-SHA-256$4096:hpFyHTUsSWcR7O9P$LgZFIt6Oqdo27ZFKbZ2nV+vtnYM995pDh9ca6WSi120=:qVV5NeluNfUPkwm7Vqat25RjSPLkGeoZBQs6wVv+um4=",
  );
});

test("never gives the same twice", () => {
  expect(scramVerifier("secret")).not.toBe(scramVerifier("secret"));
});

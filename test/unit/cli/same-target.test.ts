import { expect, test } from "vitest";
import { type Given, onSameTarget } from "../../../src/cli/same-target.ts";

const URL = "postgres://me:secret@db.example.com/app";

test.each<[text: string, given: Given, told: string]>([
  ["not up to date: npx tm-db migrate\n", {}, "not up to date: npx tm-db migrate\n"],
  [
    "npx tm-db rollback --all, and then: npx tm-db migrate",
    { databaseUrl: URL },
    "npx tm-db rollback --database-url … --all, and then: npx tm-db migrate --database-url …",
  ],
  ["npx tm-db secret rotate --grace 1h", { databaseUrl: URL }, "npx tm-db secret rotate --database-url … --grace 1h"],
  // Those are for the server that tm-db starts.
  ["npx tm-db up   (or with --database-url)", { databaseUrl: URL }, "npx tm-db up   (or with --database-url)"],
  [
    "npx tm-db new <name>",
    { databaseUrl: URL, config: "my project/tm-db.config.json" },
    "npx tm-db new --config 'my project/tm-db.config.json' <name>",
  ],
  ["npx tm-db --help", { databaseUrl: URL, config: "a.json" }, "npx tm-db --help"],
  [
    "beside them: npx tm-db seed staging --add; npx tm-db seed dev",
    { scale: 0.02, seedValue: "a b" },
    "beside them: npx tm-db seed staging --scale 0.02 --seed-value 'a b' --add; npx tm-db seed dev",
  ],
])("%j with %j", (text, given, told) => {
  expect(onSameTarget(text, given)).toBe(told);
});

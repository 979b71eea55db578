import { expect, test } from "vitest";
import { TmDbError } from "../../../src/core/errors.ts";
import { errorText } from "../../../src/report/error-text.ts";
import { defectJson, errorJson, resultJson } from "../../../src/report/json.ts";
import { messageJson, messageText } from "../../../src/report/listen-text.ts";
import { makeStyle } from "../../../src/report/style.ts";
import { resultText } from "../../../src/report/text.ts";
import { printable, visible, visibleJson } from "../../../src/report/visible.ts";

const NASTY = "a\u001b[2J\r\nb\u0007\u007f\u009b31m\u202ec\u2028d\u200be\u{e0041}";

test("what a terminal would obey, or not show, is shown as an escape", () => {
  expect(visible(NASTY)).toBe(
    "a\\u001b[2J\\u000d\\u000ab\\u0007\\u007f\\u009b31m\\u202ec\\u2028d\\u200be\\udb40\\udc41",
  );
  expect(visible('Grüße, 日本語, 🙂 \\ "')).toBe('Grüße, 日本語, 🙂 \\ "');
});

test("as JSON it is the same value, on one line", () => {
  expect(visibleJson({ NASTY })).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(visibleJson({ NASTY }))).toEqual({ NASTY });
});

test("a message is one line, whatever its channel and payload hold", () => {
  const message = { at: "2026-01-01T00:00:00.000Z", channel: "c\n", payload: NASTY, pid: 7 };
  expect(messageText(message, makeStyle(false)).split("\n")).toHaveLength(2);
  expect(messageJson(message).split("\n")).toHaveLength(2);
  expect(JSON.parse(messageJson(message))).toEqual(message);
});

test("of a text of several lines, only its lines and its own colours are left to be obeyed", () => {
  const style = makeStyle(true);
  const own = `${style.red("error")} ${style.bold("name")}\n\tat 1\r\n  select '1'\n  ::text`;
  expect(printable(own, style)).toBe(own);
  expect(printable("a\u001b[2Jb\u001b]0;title\u0007\rc\u009b1Ad\u202ee\u001b[8m", style)).toBe(
    "a\\u001b[2Jb\\u001b]0;title\\u0007\\u000dc\\u009b1Ad\\u202ee\\u001b[8m",
  );
});

test("where nothing of our own is coloured, no colour is left either", () => {
  expect(printable("\u001b[32mpassed\u001b[39m\n", makeStyle(false))).toBe("\\u001b[32mpassed\\u001b[39m\n");
});

test("a name with a line end begins no workflow command", () => {
  expect(printable("table x\n::error::y\n  ::Add-Mask::z\nfine ::error::", makeStyle(false))).toBe(
    "table x\n\\u003a:error::y\n  \\u003a:Add-Mask::z\nfine ::error::",
  );
});

test.each([
  "##[error]x",
  "a ##[Set-Env name=A]x",
  "###[group]x",
  "##vso[task.setvariable variable=A]x",
  "##teamcity[x]",
])("no command in %j, which is obeyed anywhere in a line", (text) => {
  const COMMAND = /##\w*\[/;
  expect(printable(text, makeStyle(true))).not.toMatch(COMMAND);
  expect(printable(text, makeStyle(false)).replaceAll("\\u0023", "#")).toBe(text);
  expect(resultText({ command: "new", path: text }, makeStyle(false))).not.toMatch(COMMAND);
  expect(errorText(new TmDbError("USAGE", text, { hint: text }), makeStyle(false))).not.toMatch(COMMAND);
  expect(visible(text)).not.toMatch(COMMAND);
  expect(visibleJson({ [text]: text })).not.toMatch(COMMAND);
  expect(JSON.parse(visibleJson({ [text]: text }))).toEqual({ [text]: text });
});

test("what only looks like a command stays", () => {
  const text = "## [Unreleased]\n# [a]\n##\n[b] ##c d[1]";
  expect(printable(text, makeStyle(false))).toBe(text);
});

test.each([
  ["a result", resultJson({ command: "new", path: NASTY })],
  ["an error", errorJson(new TmDbError("USAGE", NASTY, { hint: NASTY }))],
  ["a defect", defectJson(new Error(NASTY))],
])("%s as JSON has lines of its own and nothing else that is not seen", (_, text) => {
  expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  expect(JSON.stringify(JSON.parse(text))).toContain(JSON.stringify(NASTY));
});

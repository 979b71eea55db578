import { expect, test } from "vitest";
import { messageJson, messageText } from "../../../src/report/listen-text.ts";
import { makeStyle } from "../../../src/report/style.ts";
import { visible, visibleJson } from "../../../src/report/visible.ts";

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

import { expect, test } from "vitest";
import {
  closeReason,
  hasTokenInUrl,
  isAllowedOrigin,
  parseClientMessage,
  tokenOfHandshake,
} from "../../../src/realtime/protocol.ts";

test("a client says auth or subscribe, and nothing else", () => {
  expect(parseClientMessage('{"type":"auth","token":"t","more":1}')).toEqual({
    kind: "message",
    message: { type: "auth", token: "t" },
  });
  expect(parseClientMessage('{"type":"subscribe","channel":"c"}')).toMatchObject({ kind: "message" });
  for (const text of ["", "{", "7", "null", "[]", '"auth"', '{"type":"auth"}', '{"type":"subscribe","channel":7}']) {
    expect([text, parseClientMessage(text).kind]).toEqual([text, "invalid"]);
  }
});

test("a handshake carries a token in Authorization or among the subprotocols", () => {
  expect(tokenOfHandshake({ authorization: "Bearer a.b.c" })).toBe("a.b.c");
  expect(tokenOfHandshake({ authorization: "bearer a.b.c " })).toBe("a.b.c");
  expect(tokenOfHandshake({ "sec-websocket-protocol": "tm-db, bearer.a.b.c" })).toBe("a.b.c");
  expect(tokenOfHandshake({ authorization: "Basic a.b.c", "sec-websocket-protocol": "tm-db" })).toBeUndefined();
  expect(tokenOfHandshake({})).toBeUndefined();
});

test("a token in an address is noticed whatever its name", () => {
  for (const url of ["/?token=x", "/a?b=c&access_token=x", "/?JWT=x", "/?apikey"])
    expect([url, hasTokenInUrl(url)]).toEqual([url, true]);
  for (const url of ["/", "/token", "/?page=token", ""]) expect([url, hasTokenInUrl(url)]).toEqual([url, false]);
});

test("a list of origins is the whole truth, and without one it is this machine", () => {
  expect(isAllowedOrigin("https://app.example.com", ["https://app.example.com"])).toBe(true);
  expect(isAllowedOrigin("https://app.example.com.evil.example", ["https://app.example.com"])).toBe(false);
  expect(isAllowedOrigin("http://localhost:5173", ["https://app.example.com"])).toBe(false);
  expect(isAllowedOrigin("https://anywhere.example", ["*"])).toBe(true);
  expect(isAllowedOrigin("http://localhost:5173", undefined)).toBe(true);
  expect(isAllowedOrigin("https://anywhere.example", undefined)).toBe(false);
  expect(isAllowedOrigin("null", undefined)).toBe(false);
  expect(isAllowedOrigin(undefined, ["https://app.example.com"])).toBe(true);
});

test("a reason fits into a close frame, and holds no control character", () => {
  expect(closeReason("a\r\nb\u0000c")).toBe("a  b c");
  const long = closeReason("é".repeat(100));
  expect(long).toBe("é".repeat(61));
});

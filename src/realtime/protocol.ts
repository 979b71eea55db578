/** What a client may say, after it has been understood. */
export type ClientMessage =
  { readonly type: "auth"; readonly token: string } | { readonly type: "subscribe"; readonly channel: string };

export type ParsedMessage =
  | { readonly kind: "message"; readonly message: ClientMessage }
  | { readonly kind: "invalid"; readonly because: string };

/** Why a socket is closed; docs/realtime.md has the same table for clients. */
export const CLOSE = {
  goingAway: 1001,
  notText: 1003,
  misbehaved: 1008,
  failed: 1011,
  /** The client does not read, or the service has no room. */
  tryLater: 1013,
  unauthorized: 4401,
  forbidden: 4403,
  unknownChannel: 4404,
} as const;

/** An end that is meant, and what the client is told of it. */
export interface Farewell {
  readonly code: number;
  readonly reason: string;
}

/** The subprotocol that the service speaks. */
export const SUBPROTOCOL = "tm-db";
const TOKEN_SUBPROTOCOL = "bearer.";

/** Reads a text frame; what is wrong is said without repeating what the client sent. */
export function parseClientMessage(text: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return invalid("a message is a JSON object");
  }
  if (typeof value !== "object" || value === null) return invalid("a message is a JSON object");
  const { type, token, channel } = value as Readonly<Record<string, unknown>>;
  if (type === "auth") {
    return typeof token === "string"
      ? { kind: "message", message: { type, token } }
      : invalid("auth needs a token: a text");
  }
  if (type === "subscribe") {
    return typeof channel === "string"
      ? { kind: "message", message: { type, channel } }
      : invalid("subscribe needs a channel: a text");
  }
  return invalid("the type of a message is auth or subscribe");
}

function invalid(because: string): ParsedMessage {
  return { kind: "invalid", because };
}

/** The token that a handshake carries: in `Authorization: Bearer`, or as the subprotocol `bearer.<token>`. */
export function tokenOfHandshake(headers: {
  readonly authorization?: string | undefined;
  readonly "sec-websocket-protocol"?: string | undefined;
}): string | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  return (headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .find((name) => name.startsWith(TOKEN_SUBPROTOCOL))
    ?.slice(TOKEN_SUBPROTOCOL.length);
}

/** Parameters that people put tokens into. */
const TOKEN_PARAMETERS = ["token", "access_token", "jwt", "apikey", "authorization"];

export function hasTokenInUrl(url: string): boolean {
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  return [...query.keys()].some((name) => TOKEN_PARAMETERS.includes(name.toLowerCase()));
}

/**
 * Whether a page of that origin may connect. Without a list, pages of this machine may, and programs, which send no
 * origin and for which it would mean nothing.
 */
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  if (origin === undefined || allowed?.includes("*") === true) return true;
  if (allowed !== undefined) return allowed.includes(origin);
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}

export function authenticatedMessage(exp: number): string {
  return JSON.stringify({ type: "authenticated", exp });
}

export function subscribedMessage(channel: string): string {
  return JSON.stringify({ type: "subscribed", channel });
}

/** What a client knows may be old: it has to read again. */
export function resyncMessage(channel: string): string {
  return JSON.stringify({ type: "resync", channel });
}

/** `id` and `record` are JSON already: a record is sent as PostgreSQL wrote it. */
export function changeMessage(given: {
  readonly channel: string;
  readonly operation: string;
  readonly id: string;
  readonly record: string;
}): string {
  const { channel, operation, id, record } = given;
  return `{"type":"change","channel":${JSON.stringify(channel)},"operation":${JSON.stringify(operation)},"id":${id},"record":${record}}`;
}

export function goneMessage(channel: string, id: string): string {
  return `{"type":"gone","channel":${JSON.stringify(channel)},"id":${id}}`;
}

/** The text of a close frame holds 123 bytes. */
export function closeReason(text: string): string {
  let reason = "";
  for (const character of text.replaceAll(/\p{Cc}/gu, " ")) {
    if (Buffer.byteLength(reason + character) > 123) break;
    reason += character;
  }
  return reason;
}

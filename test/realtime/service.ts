import { CompactSign, SignJWT } from "jose";
import { inject, onTestFinished } from "vitest";
import WebSocket from "ws";
import { realtime, type RealtimeOptions } from "../../src/app/realtime.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import type { TmDbEvent } from "../../src/core/event.ts";
import type { RealtimeLimits } from "../../src/realtime/limits.ts";
import type { Persona, ReferenceDatabase } from "../support/reference-database.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";

export interface Service {
  readonly url: string;
  readonly events: TmDbEvent[];
  /** Ends it as Ctrl-C does; resolves to what it ended with. */
  stop(): Promise<unknown>;
}

/** Starts the service for a clone of the reference database; it ends with the test. */
export async function startService(
  db: Pick<ReferenceDatabase, "name">,
  limits: Partial<RealtimeLimits> = {},
  more: Partial<RealtimeOptions> = {},
): Promise<Service> {
  const { owner, authenticatorPassword } = inject("server");
  const events: TmDbEvent[] = [];
  const interrupt = new AbortController();
  let onServing: (url: string) => void = () => undefined;
  const serving = new Promise<string>((resolve) => (onServing = resolve));
  const ended = realtime({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl({ ...owner, database: db.name }),
    env: { TM_DB_AUTHENTICATOR_PASSWORD: authenticatorPassword },
    port: 0,
    limits,
    signal: interrupt.signal,
    onEvent: (event) => {
      events.push(event);
      if (event.kind === "serving") onServing(event.url);
    },
    ...more,
  }).catch((error: unknown) => error);
  const stop = async (): Promise<unknown> => {
    interrupt.abort();
    return await ended;
  };
  onTestFinished(async () => void (await stop()));
  const url = await Promise.race([
    serving,
    ended.then((error) => {
      throw error;
    }),
  ]);
  return { url, events, stop };
}

/** A message of the service. */
export interface Message {
  readonly type: "authenticated" | "subscribed" | "change" | "gone" | "resync";
  readonly channel?: string;
  readonly operation?: string;
  readonly id?: unknown;
  readonly record?: Readonly<Record<string, unknown>>;
}

export interface Socket {
  readonly socket: WebSocket;
  readonly messages: Message[];
  /** How it ended; `status` of a handshake that was refused. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly say: (message: unknown) => void;
  /** Resolves when such a message is there, or has been. */
  readonly got: (matches: (message: Message) => boolean) => Promise<Message>;
}

/** Opens a socket, and says nothing. */
export async function openSocket(
  service: Pick<Service, "url">,
  options: WebSocket.ClientOptions & { readonly protocols?: string[]; readonly path?: string } = {},
): Promise<Socket> {
  const { protocols = [], path = "", ...rest } = options;
  const socket = new WebSocket(service.url + path, protocols, rest);
  const messages: Message[] = [];
  const waiting = new Set<(message: Message) => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on("message", (data) => {
    const message = JSON.parse((data as Buffer).toString()) as Message;
    messages.push(message);
    for (const look of waiting) look(message);
  });
  onTestFinished(() => socket.terminate());
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  socket.on("error", () => undefined);
  return {
    socket,
    messages,
    closed,
    say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    got: async (matches) =>
      await new Promise((resolve, reject) => {
        const past = messages.find(matches);
        if (past !== undefined) {
          resolve(past);
          return;
        }
        const look = (message: Message): void => {
          if (!matches(message)) return;
          waiting.delete(look);
          resolve(message);
        };
        waiting.add(look);
        void closed.then(({ code, reason }) => reject(new Error(`the socket was closed: ${code} ${reason}`)));
      }),
  };
}

/** A socket that has subscribed to the changes of tasks. */
export async function subscribe(
  service: Pick<Service, "url">,
  token: string,
  channel = "task_changes",
): Promise<Socket> {
  const socket = await openSocket(service);
  socket.say({ type: "auth", token });
  socket.say({ type: "subscribe", channel });
  await socket.got(({ type }) => type === "subscribed");
  return socket;
}

/** A token of a persona, signed as the database would. */
export async function tokenOf(persona: Persona, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return await sign({ role: persona.role, ...persona.claims, exp: inSeconds(600), ...claims });
}

export async function sign(
  claims: Readonly<Record<string, unknown>>,
  secret: string = inject("server").jwtSecret,
  alg = "HS256",
): Promise<string> {
  return await new SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

/** A token whose claims are this text: JavaScript would write some numbers otherwise. */
export async function signText(claims: string): Promise<string> {
  const secret = new TextEncoder().encode(inject("server").jwtSecret);
  return await new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader({ alg: "HS256" }).sign(secret);
}

export function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds;
}

/** What a socket was told of rows, in order. */
export function told({ messages }: Socket): [string, unknown][] {
  return messages.flatMap(({ type, operation, id }): [string, unknown][] =>
    type === "change" ? [[operation ?? "", id]] : type === "gone" ? [["gone", id]] : [],
  );
}

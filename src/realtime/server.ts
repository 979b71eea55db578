import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { TmDbError } from "../core/errors.ts";
import { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import type { TokenCheck } from "./identity.ts";
import type { RealtimeLimits } from "./limits.ts";
import { CLOSE, hasTokenInUrl, isAllowedOrigin, SUBPROTOCOL, tokenOfHandshake } from "./protocol.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
  /** Origins of pages that may connect, `*` for all; undefined for those of this machine. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly limits: RealtimeLimits;
  readonly hub: Hub;
  readonly checkToken: (token: string) => Promise<TokenCheck>;
  readonly onFailure: (error: unknown) => void;
  /** Whether messages of the database arrive: what `GET /health` answers. */
  readonly isListening: () => boolean;
}

export interface RealtimeServer {
  /** `ws://127.0.0.1:3002`. */
  readonly url: string;
  /** Has the token of each socket checked again. */
  recheck(): void;
  /** Takes nobody in any more, says goodbye to all, and resolves when they are gone. */
  close(): Promise<number>;
}

/** Handshakes that are being read or refused, besides the sockets. */
const SPARE_SOCKETS = 100;
const HANDSHAKE_MS = 5_000;
const CLOSE_MS = 2_000;

/** Takes sockets in, as many and as long as the limits say. @throws TmDbError PORT_UNAVAILABLE. */
export async function startServer(options: ServerOptions): Promise<RealtimeServer> {
  const { limits } = options;
  const http = createServer({
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: HANDSHAKE_MS,
    keepAliveTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: limits.messageBytes,
  });
  http.maxConnections = limits.sockets + SPARE_SOCKETS;
  const sockets = new WebSocketServer({
    noServer: true,
    // Compressing costs memory and time for each socket, and lets a short message become a long one.
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    // A connection counts pings before it answers them.
    autoPong: false,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const room = new Room(options);
  http.on("request", (request, response) => {
    const isHealth = request.method === "GET" && request.url === "/health";
    const status = isHealth ? (options.isListening() ? 200 : 503) : 426;
    response.writeHead(status, { "content-type": "text/plain", ...(status === 426 ? { upgrade: "websocket" } : {}) });
    response.end(isHealth ? (status === 200 ? "ok\n" : "no connection to the database\n") : "this is a WebSocket\n");
  });
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = room.refusalOf(request);
    if (refusal !== undefined) refuse(socket, refusal);
    else {
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const token = tokenOfHandshake(request.headers);
        const connection = room.admit((callbacks) => new Connection(opened, { ...options, ...callbacks }));
        if (token !== undefined) connection.authenticate(token);
      });
    }
  });
  await listenOn(http, options);
  const beat = setInterval(() => room.ping(), limits.pingEveryMs);
  const { address, family, port } = http.address() as AddressInfo;
  return {
    recheck: () => room.recheck(),
    url: `ws://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: async () => {
      clearInterval(beat);
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      const count = await room.empty();
      http.closeAllConnections();
      await closed;
      return count;
    },
  };
}

async function listenOn(http: Server, { host, port }: ServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", (error) => {
      reject(
        new TmDbError("PORT_UNAVAILABLE", `cannot listen on ${host}:${port}`, {
          detail: error.message,
          hint: "choose another port, or 0 for any free one: npx tm-db realtime --port 0",
          cause: error,
        }),
      );
    });
    http.listen({ host, port }, resolve);
  });
}

interface HttpRefusal {
  readonly status: string;
  readonly because: string;
}

function refuse(socket: Duplex, { status, because }: HttpRefusal): void {
  socket.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(because) + 1}\r\n\r\n${because}\n`,
  );
}

/** Everybody who is connected, and how many of them have not shown yet what they are there for. */
class Room {
  readonly #options: ServerOptions;
  readonly #connections = new Set<Connection>();
  #newcomers = 0;
  #isClosed = false;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  refusalOf({ headers, url }: IncomingMessage): HttpRefusal | undefined {
    const { allowedOrigins, limits } = this.#options;
    if (hasTokenInUrl(url ?? "")) {
      return {
        status: "400 Bad Request",
        because: "a token does not belong in an address, which is logged: send it in the first message",
      };
    }
    if (!isAllowedOrigin(headers.origin, allowedOrigins)) {
      return { status: "403 Forbidden", because: "pages of this origin may not connect" };
    }
    if (this.#isClosed || this.#connections.size >= limits.sockets || this.#newcomers >= limits.newcomers) {
      return { status: "503 Service Unavailable", because: "no room; try again later" };
    }
    return undefined;
  }

  admit(connect: (callbacks: { readonly onJoined: () => void; readonly onEnd: () => void }) => Connection): Connection {
    let isNew = true;
    this.#newcomers += 1;
    const settled = (): void => {
      if (isNew) this.#newcomers -= 1;
      isNew = false;
    };
    const connection = connect({
      onJoined: settled,
      onEnd: () => {
        settled();
        this.#connections.delete(connection);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  ping(): void {
    for (const connection of this.#connections) connection.ping();
  }

  recheck(): void {
    for (const connection of this.#connections) connection.recheck();
  }

  async empty(): Promise<number> {
    this.#isClosed = true;
    const count = this.#connections.size;
    for (const connection of this.#connections) connection.close({ code: CLOSE.goingAway, reason: "the service ends" });
    const end = Date.now() + CLOSE_MS;
    while (this.#connections.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const connection of this.#connections) connection.terminate();
    return count;
  }
}

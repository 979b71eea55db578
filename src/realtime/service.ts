import type { ConnectionSpec } from "../core/connection-spec.ts";
import type { RealtimeChannel } from "../core/realtime-channel.ts";
import { withClient } from "../db/client.ts";
import type { ApiSettings } from "../db/impersonate.ts";
import { listen } from "../db/listen.ts";
import { findChannels } from "./channels.ts";
import { Hub, type Trouble } from "./hub.ts";
import type { TokenCheck } from "./identity.ts";
import type { RealtimeLimits } from "./limits.ts";
import { runReader } from "./readers.ts";
import { type RealtimeServer, startServer } from "./server.ts";

export interface ServiceOptions {
  /** As the authenticator. */
  readonly connection: ConnectionSpec;
  readonly api: ApiSettings;
  readonly channels: readonly RealtimeChannel[];
  readonly host: string;
  readonly port: number;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly limits: RealtimeLimits;
  readonly checkToken: (token: string) => Promise<TokenCheck>;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ServiceEvent) => void;
}

export type ServiceEvent =
  | { readonly kind: "serving"; readonly url: string }
  | { readonly kind: "listening"; readonly again: boolean }
  | { readonly kind: "lost"; readonly reason: string; readonly inMs: number }
  | Trouble;

/**
 * Serves until the signal, and then says goodbye to everybody; resolves to how many that were.
 * @throws TmDbError what keeps it from beginning, and what later no waiting mends; it ends then, and says goodbye too.
 */
export async function runService(options: ServiceOptions): Promise<number> {
  const { connection, limits, onEvent } = options;
  const channels = await withClient(connection, { signal: options.signal }, async (client) => {
    return await findChannels(client, options.channels);
  });
  const hub = new Hub({ channels, limits, onTrouble: onEvent });
  // Whatever ends one part ends all.
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  signal.addEventListener("abort", () => hub.wakeReaders());
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  let isListening = false;
  let server: RealtimeServer | undefined;
  const hear = async (onFirst: () => void): Promise<void> => {
    await listen(
      connection,
      { channels: channels.map(({ channel }) => channel), signal, applicationName: "tm-db realtime" },
      {
        onListening: ({ again }) => {
          isListening = true;
          if (again) hub.missed();
          else onFirst();
          onEvent({ kind: "listening", again });
        },
        onLost: (lost) => {
          isListening = false;
          onEvent({ kind: "lost", ...lost });
        },
        onNotification: ({ channel, payload }) => hub.notified(channel, payload),
      },
    );
  };
  // Who was told `subscribed` must not miss anything, so nobody is let in before messages arrive.
  const serve = async (): Promise<void> => {
    if (signal.aborted) return;
    const onFailure = (error: unknown): void => onEvent({ kind: "defect", because: String(error) });
    server = await startServer({ ...options, hub, isListening: () => isListening, onFailure });
    onEvent({ kind: "serving", url: server.url });
  };
  let serving: Promise<void> = Promise.resolve();
  const hearing = new Promise<void>((resolve, reject) => {
    hear(() => {
      serving = serve().catch(reject);
    }).then(resolve, reject);
  });
  const reading = Array.from({ length: limits.readers }, async () => {
    await runReader(connection, { hub, api: options.api, limits, signal });
  });
  const recheck = setInterval(() => {
    server?.recheck();
    hub.recheck();
  }, limits.recheckEveryMs);
  const lateness = setInterval(() => hub.resyncLate(), Math.ceil(limits.waitMs / 4));
  const outcome = Promise.race([Promise.all([hearing, ...reading]), ended]);
  await outcome.catch(() => undefined);
  end.abort();
  clearInterval(recheck);
  clearInterval(lateness);
  await Promise.allSettled([hearing, serving, ...reading]);
  const told = (await server?.close()) ?? 0;
  await outcome;
  return told;
}

import type { ListenResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { listen as listenTo, type Notification } from "../db/listen.ts";
import { type CommandOptions, openProject, openTarget } from "./context.ts";

export interface ListenOptions extends CommandOptions {
  /** Left out, or empty: those of the project's `realtime.channels`. */
  readonly channels?: readonly string[] | undefined;
  /** Ends after so many messages; otherwise it goes on until `signal` is aborted. */
  readonly count?: number | undefined;
  readonly onMessage: (message: ReceivedMessage) => void;
}

/** A message of NOTIFY, with the time at which it arrived. */
export interface ReceivedMessage extends Notification {
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Follows channels of NOTIFY, also across the loss of a connection.
 * @throws TmDbError INTERRUPTED at the signal; USAGE without a channel; POOLED_CONNECTION; those of a connection.
 */
export async function listen(options: ListenOptions): Promise<ListenResult> {
  const project = openProject(options);
  const channels = channelsOf(options, project.config.realtime.channels);
  const target = await openTarget(project, "must-run");
  const { onEvent, onMessage, count } = options;
  const enough = new AbortController();
  const signal = options.signal === undefined ? enough.signal : AbortSignal.any([options.signal, enough.signal]);
  let messages = 0;
  await listenTo(
    target.connection,
    { channels, signal, applicationName: "tm-db listen" },
    {
      onListening: ({ again }) => onEvent({ kind: "listening", channels, again }),
      onLost: (lost) => onEvent({ kind: "listening-lost", ...lost }),
      onNotification: (notification) => {
        if (enough.signal.aborted) return;
        messages += 1;
        onMessage({ ...notification, at: new Date().toISOString() });
        if (messages === count) enough.abort();
      },
    },
  );
  if (enough.signal.aborted) return { command: "listen", channels, messages };
  throw new TmDbError("INTERRUPTED", `stopped listening; ${messages} ${messages === 1 ? "message" : "messages"} came`);
}

/** PostgreSQL cuts longer names, and would listen on another channel. */
const LONGEST_CHANNEL_BYTES = 63;

function channelsOf(
  { channels: named = [] }: ListenOptions,
  configured: readonly { readonly channel: string }[],
): readonly string[] {
  const channels = named.length > 0 ? named : configured.map(({ channel }) => channel);
  if (channels.length === 0) {
    throw new TmDbError("USAGE", "no channel is named, and tm-db.config.json names none in realtime.channels", {
      hint: "npx tm-db listen <channel>",
    });
  }
  const wrong = channels.find((name) => name === "" || Buffer.byteLength(name) > LONGEST_CHANNEL_BYTES);
  if (wrong !== undefined) {
    throw new TmDbError("USAGE", `a channel's name has 1 to ${LONGEST_CHANNEL_BYTES} bytes`, {
      hint: "npx tm-db listen <channel>",
    });
  }
  return [...new Set(channels)];
}

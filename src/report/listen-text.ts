import type { ListenEvent } from "../core/event.ts";
import { assertNever } from "../core/errors.ts";
import type { Style } from "./style.ts";
import { visible, visibleJson } from "./visible.ts";

/** A message of NOTIFY, as `tm-db listen` prints it. */
export interface MessageLine {
  readonly at: string;
  readonly channel: string;
  readonly payload: string;
  readonly pid: number;
}

export function messageText({ at, channel, payload }: MessageLine, style: Style): string {
  const time = new Date(at).toTimeString().slice(0, 8);
  return `${style.dim(time)} ${style.bold(visible(channel))} ${visible(payload)}\n`;
}

/** One line, also for a payload that has several. */
export function messageJson({ at, channel, payload, pid }: MessageLine): string {
  return `${visibleJson({ at, channel, payload, pid })}\n`;
}

/** What happens to whoever follows channels, on one line. */
export function listenProgress(event: ListenEvent): string {
  switch (event.kind) {
    case "listening": {
      const channels = event.channels.map(visible).join(", ");
      if (!event.again) return `listening on ${channels}; Ctrl-C ends`;
      return `listening on ${channels} again; what was sent in between was missed`;
    }
    case "listening-lost":
      return `${visible(event.reason)}; trying again in ${event.inMs / 1000} s`;
    case "serving":
      return `serving on ${event.url}`;
    case "realtime-trouble":
      return `${visible(event.about)}: ${visible(event.because)}`;
    default:
      return assertNever(event);
  }
}

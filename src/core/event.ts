/** What happens while a command runs; `report/progress.ts` puts it on stderr. */
export type TmDbEvent =
  | ServerEvent
  | { readonly kind: "waiting-for-lock"; readonly holder: string }
  /** A statement waits for a lock that somebody else holds. */
  | { readonly kind: "blocked"; readonly holder: string }
  | { readonly kind: "retrying"; readonly reason: string; readonly inMs: number }
  | { readonly kind: "step"; readonly action: StepAction; readonly path: string }
  | SeedEvent
  | { readonly kind: "postgrest-starting"; readonly program: string }
  | {
      readonly kind: "postgrest-ready";
      /** Null for a Unix socket. */ readonly url: string | null;
      readonly database: string;
    }
  | ListenEvent
  | { readonly kind: "refreshed"; readonly objects: number; readonly corrected: string; readonly ms: number }
  /** A persona has tried everything. */
  | { readonly kind: "observed"; readonly persona: string; readonly done: number; readonly of: number }
  /** A file of policy tests has run. */
  | {
      readonly kind: "tested";
      readonly path: string;
      readonly passed: boolean;
      readonly done: number;
      readonly of: number;
    };

/** What is done with a file. `migrate` and `roll-back` for migrations, the others for repeatables. */
export type StepAction = "migrate" | "roll-back" | "apply" | "replace" | "take-back";

export type EventListener = (event: TmDbEvent) => void;

/** What happens while the embedded server is being started. */
export type ServerEvent =
  | { readonly kind: "waiting-for-other"; readonly pid: number }
  | { readonly kind: "staging-binaries"; readonly version: string }
  | { readonly kind: "user-created"; readonly user: string }
  | { readonly kind: "creating-cluster"; readonly major: number; readonly dataDir: string }
  | { readonly kind: "starting"; readonly major: number; readonly port: number }
  | { readonly kind: "port-changed"; readonly from: number; readonly to: number }
  | { readonly kind: "starting-container"; readonly image: string }
  | { readonly kind: "database-created"; readonly database: string }
  /** The folder was moved, and the server with it. */
  | { readonly kind: "project-moved"; readonly from: string }
  /** The folder is a copy of another project that still exists: it gets a server of its own. */
  | { readonly kind: "project-copied"; readonly from: string };

/** What happens to whoever follows channels of NOTIFY. */
export type ListenEvent =
  /** `again`: after a loss, so that messages may have been missed. */
  | { readonly kind: "listening"; readonly channels: readonly string[]; readonly again: boolean }
  | { readonly kind: "listening-lost"; readonly reason: string; readonly inMs: number }
  /** The service takes sockets in. */
  | { readonly kind: "serving"; readonly url: string }
  /** Something that whoever runs the service should look at. */
  | { readonly kind: "realtime-trouble"; readonly about: string; readonly because: string };

/** What happens while a seed is loaded. */
export type SeedEvent =
  | {
      readonly kind: "seed-loading";
      readonly table: string;
      /** Of all tables, so far. */
      readonly rows: number;
      /** Of all tables; null where the seed does not say. */
      readonly total: number | null;
      readonly rowsPerSecond: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: "seed-rebuilding"; readonly object: string }
  | { readonly kind: "seed-finishing"; readonly what: string };

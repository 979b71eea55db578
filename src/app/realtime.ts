import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { withClient } from "../db/client.ts";
import type { SigningKey } from "../postgrest/signing-key.ts";
import { verifyToken } from "../postgrest/token.ts";
import { identityOf, type IdentityRules, rolePathOf, type TokenCheck } from "../realtime/identity.ts";
import { DEFAULT_LIMITS, type RealtimeLimits } from "../realtime/limits.ts";
import { runService, type ServiceEvent } from "../realtime/service.ts";
import { authenticatorConnection } from "./authenticator.ts";
import { type CommandOptions, openProject, openTarget, type Project, type Target } from "./context.ts";
import { acceptedKeys, readSigningSecrets } from "./signing-secret.ts";

export type { RealtimeLimits };

export interface RealtimeOptions extends CommandOptions {
  /** 127.0.0.1 if not given. */
  readonly host?: string | undefined;
  /** 3002 if not given; 0 is any free one, and the event `serving` says which. */
  readonly port?: number | undefined;
  /** Holds the JWT secret, where the database shall not be asked for it. */
  readonly secretFile?: string | undefined;
  /** Those that are not given are what docs/realtime.md says. */
  readonly limits?: Partial<RealtimeLimits> | undefined;
}

/**
 * Serves changed records over WebSocket until the signal.
 * @throws TmDbError INTERRUPTED at the signal; CONFIG_INVALID, SECRET_MISSING, PORT_UNAVAILABLE, POOLED_CONNECTION and those
 * of a connection.
 */
export async function realtime(options: RealtimeOptions): Promise<never> {
  const project = openProject(options);
  const { config } = project;
  if (config.realtime.channels.length === 0) {
    throw new TmDbError("CONFIG_INVALID", "tm-db.config.json names no channel to pass on", {
      hint: 'add for example "realtime": { "channels": { "task_changes": { "table": "api.tasks" } } }',
    });
  }
  const rules = identityRules(project);
  const target = await openTarget(project, "must-run");
  const connection = authenticatorConnection(project, target);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const keys = await watchKeys(project, target, { secretFile: options.secretFile, everyMs: limits.recheckEveryMs });
  try {
    const told = await runService({
      connection,
      api: { schemas: config.exposedSchemas, extraSearchPath: config.extraSearchPath, preRequest: config.preRequest },
      channels: config.realtime.channels,
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 3002,
      allowedOrigins: config.realtime.allowedOrigins,
      limits,
      checkToken: async (token) => await checkToken(token, keys.current(), rules),
      signal: options.signal ?? new AbortController().signal,
      onEvent: reporter(config.realtime.channels, options.onEvent),
    });
    throw new TmDbError("INTERRUPTED", `stopped serving; ${told} ${told === 1 ? "socket was" : "sockets were"} closed`);
  } finally {
    keys.stop();
  }
}

/** The keys that tokens may be signed with; read again now and then, so that a secret that was exchanged is noticed. */
async function watchKeys(
  project: Project,
  target: Target,
  { secretFile, everyMs }: { readonly secretFile: string | undefined; readonly everyMs: number },
): Promise<{ readonly current: () => readonly SigningKey[]; readonly stop: () => void }> {
  const read = async (): Promise<readonly SigningKey[]> => {
    const isInDatabase = secretFile === undefined && target.connection.user !== project.config.roles.authenticator;
    if (!isInDatabase) return acceptedKeys(await readSigningSecrets(project, { secretFile }));
    return await withClient(target.connection, { signal: project.options.signal }, async (client) => {
      return acceptedKeys(await readSigningSecrets(project, { client }));
    });
  };
  let keys = await read();
  const timer = setInterval(() => {
    // The database may be away for a while; what was true is the best guess then.
    read().then(
      (found) => (keys = found),
      () => undefined,
    );
  }, everyMs);
  return { current: () => keys, stop: () => clearInterval(timer) };
}

/** As PostgREST checks a token: signature, times, and then who it is for. */
async function checkToken(token: string, keys: readonly SigningKey[], rules: IdentityRules): Promise<TokenCheck> {
  let verdict: Awaited<ReturnType<typeof verifyToken>>;
  try {
    verdict = await verifyToken(token, keys, new Date());
  } catch (error) {
    if (error instanceof TmDbError) return { kind: "refused", because: "the token cannot be read" };
    throw error;
  }
  if (verdict.kind === "valid") return identityOf(verdict, rules);
  return { kind: "refused", because: `the token is not valid: ${verdict.because}` };
}

function identityRules({ config }: Project): IdentityRules {
  const { "jwt-role-claim-key": roleKey = ".role", "jwt-aud": audience } = config.postgrest;
  const rolePath = rolePathOf(String(roleKey));
  if (rolePath === undefined) {
    throw new TmDbError("CONFIG_INVALID", `cannot follow postgrest.jwt-role-claim-key: ${String(roleKey)}`, {
      hint: "tm-db realtime follows plain names, such as .role or .app.role",
    });
  }
  return {
    rolePath,
    anonymousRole: config.roles.anonymous,
    audience: audience === undefined ? undefined : String(audience),
  };
}

/** The same trouble is reported once a minute: what users do must not fill the log. */
const REPEAT_MS = 60_000;

function reporter(
  channels: readonly { readonly channel: string }[],
  onEvent: EventListener,
): (event: ServiceEvent) => void {
  const reported = new Map<string, number>();
  const trouble = (about: string, because: string): void => {
    const now = Date.now();
    for (const [name, at] of reported) if (now - at >= REPEAT_MS) reported.delete(name);
    if (reported.has(about)) return;
    reported.set(about, now);
    onEvent({ kind: "realtime-trouble", about, because });
  };
  return (event) => {
    switch (event.kind) {
      case "serving":
        onEvent(event);
        return;
      case "listening":
        onEvent({ ...event, channels: channels.map(({ channel }) => channel) });
        return;
      case "lost":
        onEvent({ ...event, kind: "listening-lost" });
        return;
      case "message":
        trouble(`a message on ${event.channel} was passed over`, event.because);
        return;
      case "read":
        trouble(`a request as ${event.role} failed`, event.because);
        return;
      case "defect":
        trouble("a socket met a defect of tm-db", event.because);
    }
  };
}

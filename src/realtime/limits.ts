/** What one service gives away at most. Times in milliseconds, sizes in bytes. */
export interface RealtimeLimits {
  /** Sockets at once, and those of them that have not subscribed yet. */
  readonly sockets: number;
  readonly newcomers: number;
  /** Sockets of one user, whatever their tokens. */
  readonly socketsPerUser: number;
  /** From the first byte to the first subscription. */
  readonly joinMs: number;
  /** A message of a client, token included. */
  readonly messageBytes: number;
  /** Messages and pings of a client in ten seconds. */
  readonly messagesPerTenSeconds: number;
  /** With more than this unread a client is given time, and read for no more until it has caught up. */
  readonly unreadBytes: number;
  readonly unreadMs: number;
  /** With more than this it is cut off at once: records may be of any size. */
  readonly unreadMostBytes: number;
  /** A socket that has not answered a ping by the next one is dead. */
  readonly pingEveryMs: number;
  /** How often the secrets are read and the tokens checked again, and the database is asked whether a silent user is still one. */
  readonly recheckEveryMs: number;
  /** Connections that read records, and how many users' requests are sent on one without waiting. */
  readonly readers: number;
  readonly requestsAtOnce: number;
  /** Records in one request, and about how much all sockets that are told of them may be sent; at least a record is read. */
  readonly keysAtOnce: number;
  readonly turnBytes: number;
  /** Whoever waits longer than this to be read for must read again, and is told so. */
  readonly waitMs: number;
  /** A statement of a request, whatever the role's own setting. */
  readonly statementMs: number;
  /** Changes that are kept for users whose turn has not come; who is further behind must read again. */
  readonly changesKept: number;
  /** Rows of which the service remembers, for each token, that it has sent them. */
  readonly rowsRemembered: number;
}

export const DEFAULT_LIMITS: RealtimeLimits = {
  sockets: 5_000,
  newcomers: 500,
  socketsPerUser: 100,
  joinMs: 5_000,
  messageBytes: 16_384,
  messagesPerTenSeconds: 30,
  unreadBytes: 262_144,
  unreadMs: 10_000,
  unreadMostBytes: 8_388_608,
  pingEveryMs: 30_000,
  recheckEveryMs: 30_000,
  readers: 4,
  requestsAtOnce: 32,
  keysAtOnce: 100,
  turnBytes: 262_144,
  waitMs: 10_000,
  statementMs: 2_000,
  changesKept: 50_000,
  rowsRemembered: 1_000,
};

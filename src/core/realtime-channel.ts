/** A channel of NOTIFY whose messages say which record changed, and where that record can be read. */
export interface RealtimeChannel {
  readonly channel: string;
  /** The table or view that is read as each user: one that PostgREST exposes. */
  readonly relation: { readonly schema: string; readonly name: string };
  /** The column that tells its rows apart, and the property of the message that holds its value. */
  readonly key: string;
  /** What is sent of a row; undefined for all columns. */
  readonly columns: readonly string[] | undefined;
  /** Who may be told of a row that is gone; without it, whoever was sent the row before. */
  readonly parent: RealtimeParent | undefined;
}

/** A row that is seen by exactly those who see its children. */
export interface RealtimeParent {
  readonly relation: { readonly schema: string; readonly name: string };
  readonly key: string;
  /** The children's column, and the property of a DELETE's message, that holds the parent's key. */
  readonly column: string;
}

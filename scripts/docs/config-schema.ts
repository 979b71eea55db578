import { OBJECT_KINDS } from "../../src/core/ignored.ts";
import { POSTGREST_OPTIONS, type PostgrestOption } from "../../src/core/postgrest-options.ts";
/** A name that PostgreSQL keeps whole; the schema language counts characters, tm-db bytes. */
const name = (description: string, more: object = {}) => ({
  type: "string",
  description,
  minLength: 1,
  maxLength: 63,
  ...more,
});
const text = (description: string, more: object = {}) => ({ type: "string", description, pattern: "\\S", ...more });
const names = (description: string, fallback: readonly string[]) => ({
  type: "array",
  description,
  items: name("A schema."),
  default: fallback,
});
const object = (description: string, properties: object, more: object = {}) => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  ...more,
});
const relation = (description: string) => text(description, { pattern: "^[^.]+\\.[^.]+$" });
const folder = (what: string, fallback: string) =>
  text(`Folder of the ${what}, relative to the project.`, { default: fallback });

function postgrestOption({ type, since, until }: PostgrestOption) {
  const versions = [
    since === undefined ? [] : `from version ${since}`,
    until === undefined ? [] : `until ${until}`,
  ].flat();
  const types = {
    text: { type: "string", minLength: 1 },
    number: { type: "integer", minimum: 0 },
    boolean: { type: "boolean" },
  };
  return { ...types[type], description: `PostgREST's own${versions.length === 0 ? "" : `, ${versions.join(" ")}`}.` };
}

/**
 * What editors know of `tm-db.config.json`. `src/config/config.ts` decides; test/contracts/config-schema.test.ts holds
 * the two together.
 */
export const CONFIG_SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "tm-db.config.json",
  ...object("Settings of a tm-db project. Every one has a default.", {
    $schema: { type: "string", description: "Where this schema lies, for editors." },
    database: name("Database that the embedded server holds for this project. Left out: made from the folder's name."),
    paths: object("Folders of the project.", {
      migrations: folder("migrations", "migrations"),
      functions: folder("functions and triggers", "functions"),
      views: folder("views", "views"),
      policies: folder("policies", "policies"),
      seeds: folder("data, loaded by tm-db seed", "seeds"),
      tests: folder("policy tests", "test/policies"),
    }),
    exposedSchemas: names("What PostgREST exposes (db-schemas); the first is its default.", ["api"]),
    extraSearchPath: names("PostgREST's db-extra-search-path.", ["public"]),
    roles: object("Roles of the whole server that PostgREST uses.", {
      authenticator: name("The role that PostgREST logs in as.", { default: "authenticator" }),
      anonymous: name("The role of requests without a token (db-anon-role).", { default: "anonymous" }),
    }),
    ignore: {
      type: "array",
      description:
        "Objects that something else looks after, such as the platform of a managed server, as `tm-db drift` names them: what lies in a schema, or belongs to an extension or a role, is ignored with it.",
      items: text("A kind and a name.", {
        pattern: `^\\s*(${OBJECT_KINDS.join("|")}) .*\\S`,
        examples: [
          "schema storage",
          "role supabase_admin",
          "publication supabase_realtime",
          "table public.spatial_ref_sys",
        ],
      }),
      default: [],
    },
    preRequest: text("PostgREST's db-pre-request, as schema.function.", { pattern: "^[^.]+\\.[^.]+$" }),
    recount: {
      type: "array",
      description:
        "Functions without arguments that `tm-db refresh` calls, as schema.function: they recount figures and answer how many were wrong.",
      items: { type: "string", pattern: "^[^.]+\\.[^.]+$" },
    },
    jwtSecret: text(
      "Column of a one-row table that holds the secret tokens are signed with, as schema.table.column. tm-db fills it.",
      { pattern: "^[^.]+\\.[^.]+\\.[^.]+$" },
    ),
    jwtRotation: object(
      "Columns beside jwtSecret, in the same row, with which `tm-db secret` exchanges the secret while both are accepted.",
      {
        standby: name("Holds the secret that will sign next."),
        previous: name("Holds the secret that signed before."),
        previousUntil: name("Holds the time (timestamptz) until which the previous secret is accepted."),
      },
      { required: ["standby", "previous", "previousUntil"] },
    ),
    token: object(
      "How a token is issued.",
      {
        query: text("One row, one column: the token of the user whose name is $1."),
        devUser: text("The user of the development data whom `tm-db up` prints a token for."),
      },
      { required: ["query"] },
    ),
    postgrestUrl: text("Where PostgREST answers, for `tm-db doctor`: `http://localhost:3000`."),
    postgrestAdminUrl: text("Where PostgREST's admin server answers (admin-server-port), for `tm-db doctor`."),
    lint: object("What `tm-db lint` leaves out.", {
      ignore: {
        type: "array",
        description:
          "Rules, or a rule and the one file to leave out: `ban-drop-column migrations/0009_drop_notes.sql`.",
        items: text("A rule's name, and perhaps a path from the project's folder."),
      },
    }),
    postgrest: object(
      "Options of PostgREST that no other setting decides, by PostgREST's own names: for `tm-db postgrest`.",
      Object.fromEntries(Object.entries(POSTGREST_OPTIONS).map(([option, known]) => [option, postgrestOption(known)])),
    ),
    realtime: object("What `tm-db listen` follows and `tm-db realtime` passes on.", {
      channels: {
        type: "object",
        description: "Channels of NOTIFY, by name: where the record can be read that a message names.",
        additionalProperties: object(
          "One channel.",
          {
            table: relation("Table or view that is read as each user, as schema.table; PostgREST must expose it."),
            key: name("Column that tells its rows apart, and property of the message that holds its value.", {
              default: "id",
            }),
            columns: {
              type: "array",
              description: "What is sent of a record. Left out: all columns.",
              items: name("A column."),
            },
            parent: object(
              "The row that is seen by exactly those who see the record: they are told when it is gone. Left out: whoever was sent the record before is told.",
              {
                table: relation("Table or view of the parent, as schema.table; PostgREST must expose it."),
                key: name("Its key.", { default: "id" }),
                column: name("Column of the record, and property of a DELETE's message, that holds the parent's key."),
              },
              { required: ["table", "column"] },
            ),
          },
          { required: ["table"] },
        ),
      },
      allowedOrigins: {
        type: "array",
        description: "Origins of pages that may connect, or `*`. Left out: pages of this machine.",
        items: text("An origin, such as https://app.example.com."),
      },
    }),
    matrix: object("What `tm-db matrix` cannot find out, or shall not.", {
      personas: {
        type: "array",
        description: "The people that it is about, in their order. Left out: everybody whom the fixtures make.",
        items: text("A name that tests.create_user or tests.define_user was given, or anonymous."),
      },
      people: text("The column that tells people apart, as schema.table.column.", {
        pattern: "^[^.]+\\.[^.]+\\.[^.]+$",
      }),
      claim: text("The claim that holds that column's value."),
      memberships: {
        type: "array",
        description: "Tables that say who belongs to what, as schema.table.",
        items: { type: "string", pattern: "^[^.]+\\.[^.]+$" },
      },
    }),
  }),
} as const;

export function configSchemaPage(): string {
  return `${JSON.stringify(CONFIG_SCHEMA, null, 2)}\n`;
}

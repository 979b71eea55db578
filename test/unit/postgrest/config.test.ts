import { describe, expect, test } from "vitest";
import { connectionSpecFromUrl } from "../../../src/server/url.ts";
import { POSTGREST_OPTIONS } from "../../../src/core/postgrest-options.ts";
import {
  configFile,
  databaseSettings,
  environment,
  environmentFile,
  listening,
  optionsOfEnvironment,
  type PostgrestInput,
  postgrestConfig,
} from "../../../src/postgrest/config.ts";
import { signingKeys } from "../../../src/postgrest/signing-key.ts";
import { parseConfigurator } from "../../support/configurator.ts";

const SECRET = "the secret of this test, which is long enough";
const INPUT: PostgrestInput = {
  connection: {
    host: "db.example.com",
    port: 5432,
    user: "owner",
    password: "the owner's own",
    database: "app",
    source: "DATABASE_URL",
  },
  authenticator: "authenticator",
  authenticatorPassword: "plain",
  anonymous: "web_anon",
  exposedSchemas: ["api", "v2"],
  extraSearchPath: ["public", "extensions"],
  preRequest: "auth.check",
  secrets: [SECRET],
  options: {},
};

const file = (changes: Partial<PostgrestInput> = {}) =>
  parseConfigurator(configFile(postgrestConfig({ ...INPUT, ...changes })));

/** As libpq reads the address. */
const address = (uri: unknown) => connectionSpecFromUrl(String(uri), "PostgREST", {});

const ODD = [
  'a"b',
  "a\\b",
  "a$b",
  "$(HOME)",
  "$$",
  "$",
  "@/etc/passwd",
  "a#b",
  "a b",
  "a=b;c",
  "a/b?c&d",
  "a:b@c",
  "%41",
  "ümläut 😀",
  "tab\tline\nreturn\r",
  "\u0001\u007f",
  "'single'",
  "{json}",
  "`x`",
];

describe("the file", () => {
  test("says what the project says", () => {
    expect(file()).toEqual({
      "db-uri": "postgres://authenticator:plain@db.example.com:5432/app",
      "db-schemas": "api,v2",
      "db-extra-search-path": "public,extensions",
      "db-anon-role": "web_anon",
      "db-pre-request": "auth.check",
      "db-channel": "pgrst",
      "db-channel-enabled": true,
      "jwt-secret": SECRET,
      "server-host": "127.0.0.1",
      "server-port": 3000,
      "admin-server-port": 3001,
      "openapi-mode": "follow-privileges",
      "openapi-security-active": true,
    });
    expect(configFile(postgrestConfig(INPUT))).not.toContain("the owner's own");
  });

  test("leaves out what there is not, and takes the project's own options", () => {
    const options = { "server-port": 8080, "openapi-security-active": false, "jwt-role-claim-key": '."app role".name' };
    const read = file({ preRequest: undefined, secrets: [], options });
    expect(Object.keys(read)).not.toContain("db-pre-request");
    expect(Object.keys(read)).not.toContain("jwt-secret");
    expect(read).toMatchObject({ ...options, "server-host": "127.0.0.1" });
  });

  test.each(ODD)("keeps a password of odd characters: %j", (password) => {
    expect(address(file({ authenticatorPassword: password })["db-uri"])).toMatchObject({
      user: "authenticator",
      password,
    });
  });

  test.each(ODD)("keeps a secret of odd characters: %j", (odd) => {
    const secret = odd + SECRET;
    const read = file({ secrets: [secret] })["jwt-secret"];
    expect(signingKeys(String(read), "it")).toEqual(signingKeys(secret, "it"));
    // PostgREST would read a file of that name.
    expect(String(read).startsWith("@")).toBe(false);
  });

  test.each(ODD.filter((name) => !/[@]/.test(name)))("keeps names of odd characters: %j", (name) => {
    const read = file({ authenticator: name, anonymous: name, connection: { ...INPUT.connection, database: name } });
    expect(read["db-anon-role"]).toBe(name);
    expect(address(read["db-uri"])).toMatchObject({ user: name, database: name });
  });

  test.each([
    ["an IPv6 address", { host: "::1" }],
    ["a Unix socket", { host: "/var/run/postgresql" }],
    ["a Unix socket with odd characters, and a port", { host: "/tmp/a b$(x)?", port: 6543 }],
    ["a server that must show its certificate", { ssl: "verify-full", sslRootCert: "/etc/ca $x.pem" }],
  ] as const)("reaches %s", (_, at) => {
    const read = address(file({ connection: { ...INPUT.connection, ...at } })["db-uri"]);
    expect(read).toMatchObject({ ...at, password: "plain", user: "authenticator", database: "app" });
  });

  test("names no password that tm-db does not know", () => {
    expect(file({ authenticatorPassword: undefined })["db-uri"]).toBe(
      "postgres://authenticator@db.example.com:5432/app",
    );
  });

  test("names all secrets that are accepted while one is exchanged", () => {
    const other = "another secret, which is long enough too";
    const read = String(file({ secrets: [SECRET, other] })["jwt-secret"]);
    expect(signingKeys(read, "it")).toEqual([...signingKeys(SECRET, "it"), ...signingKeys(other, "it")]);
    expect(read).not.toContain("kid");
  });

  test("refuses schemas that PostgREST's list cannot name", () => {
    for (const schema of ["a,b", " a", "a "])
      expect(() => postgrestConfig({ ...INPUT, exposedSchemas: [schema] })).toThrow("exposedSchemas");
    expect(file({ exposedSchemas: ['a b"c$d'] })["db-schemas"]).toBe('a b"c$d');
  });
});

test("the grammar of the test refuses what configurator-pg refuses", () => {
  expect(parseConfigurator('# c\na = "x$(HOME)" # d\nb-c.d = 3\ne = off', { HOME: "/h" })).toEqual({
    a: "x/h",
    "b-c.d": 3,
    e: false,
  });
  for (const wrong of [
    'a = "x$y"',
    'a = "x',
    'a = "\\x"',
    "a = 'x'",
    'a "x"',
    'a = "x" b = "y"',
    '1a = "x"',
    'a = "$(NO)"',
  ])
    expect(() => parseConfigurator(wrong)).toThrow();
});

describe("the variables", () => {
  test("of a shell beat the project's settings where tm-db derives nothing", () => {
    const env = { PGRST_SERVER_PORT: "3005", PGRST_DB_SCHEMAS: "other", PGRST_LOG_LEVEL: "", PGRST_NO_OPTION: "x" };
    expect(optionsOfEnvironment(env)).toEqual({ "server-port": "3005" });
    expect(listening(postgrestConfig({ ...INPUT, options: optionsOfEnvironment(env) })).ports).toEqual([3005, 3006]);
  });

  test("say the same as the file", () => {
    const config = postgrestConfig(INPUT);
    const read = parseConfigurator(configFile(config));
    const names = Object.keys(read).map((name) => `PGRST_${name.toUpperCase().replaceAll("-", "_")}`);
    expect(Object.keys(environment(config)).toSorted()).toEqual(names.toSorted());
    expect(environment(config)["PGRST_SERVER_PORT"]).toBe("3000");
  });

  test("stand in a file without any quoting, so that everybody reads them alike", () => {
    const lines = environmentFile(postgrestConfig({ ...INPUT, authenticatorPassword: 'a "b" $c \\ #' })).split("\n");
    expect(lines[0]).toMatch(/^#/);
    for (const line of lines.slice(1, -1)) expect(line).toMatch(/^PGRST_[A-Z_]+=[^"'\s#$`\\][^$`\\]*$/);
  });

  test.each(ODD)("make a set of keys of a secret that is read differently: %j", (odd) => {
    const secret = `${odd} #${SECRET} `;
    const line = environmentFile(postgrestConfig({ ...INPUT, secrets: [secret] })).match(
      /^PGRST_JWT_SECRET=(.*)$/m,
    )?.[1];
    expect(line).toMatch(/^[\w{}[\]":,-]+$/);
    expect(signingKeys(line ?? "", "it")).toEqual(signingKeys(secret, "it"));
  });

  test("refuse what cannot be written so, and name it", () => {
    for (const anonymous of ["a$b", "a\nb", " a", "a ", '"a"', "a #b", "a\\b", "`a`", "#a", "'a'"]) {
      const write = (): string => environmentFile(postgrestConfig({ ...INPUT, anonymous }));
      expect(write).toThrow(
        expect.objectContaining({ problems: [{ message: expect.stringContaining("PGRST_DB_ANON_ROLE") }] }),
      );
    }
    expect(environmentFile(postgrestConfig({ ...INPUT, anonymous: "a b'c#d" }))).toContain(
      "PGRST_DB_ANON_ROLE=a b'c#d\n",
    );
  });
});

test("the database keeps what PostgREST reads there, and neither secret nor connection nor tm-db's defaults", () => {
  const own = { "db-max-rows": 1000, "server-port": 8080, "openapi-mode": "disabled" };
  expect(databaseSettings(postgrestConfig({ ...INPUT, options: own }), own)).toEqual([
    ["pgrst.db_schemas", "api,v2"],
    ["pgrst.db_extra_search_path", "public,extensions"],
    ["pgrst.db_anon_role", "web_anon"],
    ["pgrst.db_pre_request", "auth.check"],
    ["pgrst.db_max_rows", "1000"],
    ["pgrst.openapi_mode", "disabled"],
  ]);
});

test.each([
  [{}, "http://127.0.0.1:3000", "http://127.0.0.1:3001"],
  [{ "server-host": "!4", "server-port": 80 }, "http://127.0.0.1:80", "http://127.0.0.1:81"],
  [{ "server-host": "*6" }, "http://[::1]:3000", "http://[::1]:3001"],
  [{ "server-host": "fe80::1", "admin-server-host": "::1" }, "http://[fe80::1]:3000", "http://[::1]:3001"],
  [{ "server-unix-socket": "/tmp/s" }, null, "http://127.0.0.1:3001"],
])("with %j it answers at %s and %s", (options, api, admin) => {
  expect(listening(postgrestConfig({ ...INPUT, options }))).toMatchObject({ api, admin });
});

test("every option of the list has a name of PostgREST's form, and none is a secret", () => {
  for (const name of Object.keys(POSTGREST_OPTIONS)) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(name).not.toMatch(/secret|uri$(?<!proxy-uri)/);
  }
});

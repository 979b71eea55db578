import { describe, expect, test } from "vitest";
import { type ConnectionSpec, connectionUrl } from "../../../src/core/connection-spec.ts";
import { connectionSpecFromEnvironment, connectionSpecFromUrl } from "../../../src/server/url.ts";

// Neither the machine's PG* variables nor its password file may play a part.
const EMPTY = { PGPASSFILE: "/nonexistent" };

function read(url: string, environment: NodeJS.ProcessEnv = {}): ConnectionSpec {
  return connectionSpecFromUrl(url, "--database-url", { ...EMPTY, ...environment });
}

describe("a URL is read as libpq reads it", () => {
  test.each<[string, Partial<ConnectionSpec>]>([
    ["postgres://u:p@h:5433/d", { host: "h", port: 5433, user: "u", password: "p", database: "d", ssl: "prefer" }],
    ["postgresql://u@localhost/d", { host: "localhost", port: 5432, password: undefined, ssl: undefined }],
    ["postgres://u@h", { database: "u" }],
    ["postgres://u@h/", { database: "u" }],
    ["postgres://u:p%40s%2Fs%3Aw%25@h/d%20b", { password: "p@s/s:w%", database: "d b" }],
    ["postgres://u:a:b@h/d", { password: "a:b" }],
    ["postgres://u:a+b@h/d", { password: "a+b" }],
    ["postgres://u:p#1@h/d", { password: "p#1" }],
    ["postgres://u@[::1]:5433/d", { host: "::1", port: 5433, ssl: undefined }],
    ["postgres://u@%2Fvar%2Frun/d", { host: "/var/run", port: 5432, ssl: undefined }],
    ["postgres://u@%2Fvar%2Frun:5433/d", { host: "/var/run", port: 5433 }],
    ["postgres:///d?host=/var/run&user=u", { host: "/var/run", user: "u", database: "d" }],
    ["postgres://u@/d?host=/var/run&port=5433", { host: "/var/run", port: 5433 }],
    ["postgres://u@h/d?dbname=e", { database: "e" }],
    ["postgres://u@h/d?sslmode=verify-full&sslrootcert=/ca%20file", { ssl: "verify-full", sslRootCert: "/ca file" }],
    ["postgres://u@h/d?ssl=true", { ssl: "require" }],
    [
      "postgres://u@h/d?sslmode=require&channel_binding=prefer&application_name=x",
      { ssl: "require", channelBinding: undefined },
    ],
    ["postgres://u@h/d?sslmode=require&channel_binding=require", { ssl: "require", channelBinding: "require" }],
    // As libpq: without an sslmode TLS is tried on this machine too.
    ["postgres://u@localhost/d?channel_binding=require", { ssl: "prefer", channelBinding: "require" }],
  ])("%s", (url, expected) => {
    expect(read(url)).toMatchObject({ source: "--database-url", ...expected });
  });

  test("what it leaves out comes from the PG* variables, and what it says wins over them", () => {
    const environment = {
      PGHOST: "e",
      PGPORT: "5499",
      PGUSER: "eu",
      PGPASSWORD: "ep",
      PGDATABASE: "ed",
      PGSSLMODE: "require",
      PGSSLROOTCERT: "/ca",
    };
    expect(read("postgres://", environment)).toMatchObject({
      host: "e",
      port: 5499,
      user: "eu",
      password: "ep",
      database: "ed",
      ssl: "require",
      sslRootCert: "/ca",
    });
    expect(read("postgres://u:p@h:1/d?sslmode=disable", environment)).toMatchObject({
      host: "h",
      port: 1,
      user: "u",
      password: "p",
      database: "d",
      ssl: "disable",
    });
  });
});

describe("a URL that makes no sense is USAGE, and nothing of it is repeated", () => {
  const secret = "hunter2";
  test.each([
    ["not a URL", `${secret}`],
    ["another scheme", `mysql://u:${secret}@h/d`],
    ["key=value words", `host=h password=${secret}`],
    ["an unescaped @ in the password", `postgres://u:p@${secret}@h/d`],
    ["an unescaped / in the password", `postgres://u:p/${secret}@h/d`],
    ["an unescaped / after a number in the password", `postgres://u:1/${secret}@h/d`],
    ["an unescaped ? in the password", `postgres://u:p?${secret}@h/d`],
    ["an unescaped ? after a number in the password", `postgres://u:12?${secret}@h/d`],
    ["an unescaped ? in a password of small letters", "postgres://u:p?hunter&x@h/d"],
    ["an unescaped % in the password", `postgres://u:%${secret}@h/d`],
    ["a % that encodes no UTF-8", `postgres://u:%ff${secret}@h/d`],
    ["a zero byte", `postgres://u:%00${secret}@h/d`],
    ["a port that is no number", `postgres://u:${secret}@h:x/d`],
    ["a port that is too large", `postgres://u:${secret}@h:65536/d`],
    ["port 0", `postgres://u:${secret}@h:0/d`],
    ["a broken IPv6 address", `postgres://u:${secret}@[::1/d`],
    ["an unknown sslmode", `postgres://u:${secret}@h/d?sslmode=maybe`],
    ["an unknown parameter", `postgres://u:${secret}@h/d?schema=public`],
    ["an unknown channel_binding", `postgres://u:${secret}@h/d?channel_binding=perhaps`],
    ["several hosts", `postgres://u:${secret}@h1,h2/d`],
  ])("%s", (_, url) => {
    let caught: unknown;
    try {
      read(url);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: "USAGE", message: expect.stringContaining("--database-url") });
    expect(JSON.stringify(caught) + String(caught)).not.toContain("hunter");
  });

  test("a parameter that may be the rest of a password is answered with how to encode one, and another with its name", () => {
    expect(() => read("postgres://u:p?hunter&x@h/d")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("? is %3F") }),
    );
    expect(() => read("postgres://u:p@h/d?schema=public")).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("does not know: schema"),
        hint: "leave it out; the parameters are those of libpq",
      }),
    );
  });

  test("a PGPORT that is no port is named, where it counts", () => {
    const wrong = { PGHOST: "h", PGPORT: "x" };
    const named = expect.objectContaining({ message: "PGPORT is not the number of a port" });
    expect(() => connectionSpecFromEnvironment(wrong)).toThrow(named);
    expect(() => read("postgres://u@h/d", wrong)).toThrow(named);
    expect(read("postgres://u@h:5433/d", wrong)).toMatchObject({ port: 5433 });
  });
});

describe("connectionUrl", () => {
  test.each<Partial<ConnectionSpec>>([
    {},
    { password: undefined },
    { user: "a b@c:d/e", password: "p@s/s:w%?#&=+ é", database: "d/b ?#%" },
    { host: "::1" },
    { host: "/var/run/post gres+ql", port: 5433, ssl: undefined },
    { ssl: "verify-full", sslRootCert: "/a folder/ca+1.pem" },
    { ssl: "require", channelBinding: "require" },
  ])("is read back as the same connection: %o", (parts) => {
    const spec: ConnectionSpec = {
      host: "db.example",
      port: 5432,
      user: "u",
      password: "p",
      database: "d",
      ssl: "disable",
      sslRootCert: undefined,
      source: "--database-url",
      ...parts,
    };
    expect(read(connectionUrl(spec), { PGPORT: "1", PGHOST: "wrong" })).toEqual(spec);
  });
});

describe("the PG* variables", () => {
  test("name a server only together with a place", () => {
    expect(connectionSpecFromEnvironment({ ...EMPTY })).toBeUndefined();
    expect(
      connectionSpecFromEnvironment({ ...EMPTY, PGUSER: "u", PGPASSWORD: "p", PGSSLMODE: "require" }),
    ).toBeUndefined();
    expect(connectionSpecFromEnvironment({ ...EMPTY, PGHOST: "" })).toBeUndefined();
    expect(connectionSpecFromEnvironment({ ...EMPTY, PGHOST: "h", PGUSER: "u" })).toMatchObject({
      host: "h",
      user: "u",
      database: "u",
      source: "PG* variables",
    });
    expect(connectionSpecFromEnvironment({ ...EMPTY, PGDATABASE: "d", PGUSER: "u", PGHOST: "/run" })).toMatchObject({
      host: "/run",
      ssl: undefined,
    });
  });

  test.each(["PGSERVICE", "PGHOSTADDR"])("%s, by which psql would find another server, is refused", (name) => {
    expect(() => connectionSpecFromEnvironment({ ...EMPTY, [name]: "prod" })).toThrow(name);
    expect(() => connectionSpecFromEnvironment({ ...EMPTY, [name]: "prod", PGHOST: "h", PGUSER: "u" })).toThrow(name);
    expect(connectionSpecFromEnvironment({ ...EMPTY, [name]: "" })).toBeUndefined();
    expect(connectionSpecFromUrl("postgres://u@h/d", "--database-url", { ...EMPTY, [name]: "prod" })).toMatchObject({
      host: "h",
    });
  });

  test("that are wrong are named", () => {
    expect(() => connectionSpecFromEnvironment({ ...EMPTY, PGHOST: "h", PGPORT: "five" })).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });
});

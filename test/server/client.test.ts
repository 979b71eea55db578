import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { connect as tlsConnect, TLSSocket } from "node:tls";
import pg from "pg";
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectionSpec, SslMode } from "../../src/core/connection-spec.ts";
import { type ServerNotice, withClient } from "../../src/db/client.ts";
import { serverVersion } from "../../src/db/session.ts";
import { isFree } from "../../src/server/free-port.ts";
import { until, useProjects } from "./temporary-project.ts";

const projects = useProjects();

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Something on a port that is not PostgreSQL, or pretends to be. */
async function fakeServer(
  onData: (socket: Socket) => void,
  onConnect: (socket: Socket) => void = () => undefined,
): Promise<ConnectionSpec> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnect(socket);
    socket.once("data", () => onData(socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: "127.0.0.1",
    port,
    user: "somebody",
    password: "hunter2-hunter2",
    database: "app",
    source: "--database-url",
  };
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const nothing = (): Promise<void> => Promise.resolve();

describe("a connection that cannot be opened", () => {
  test("to a port where nothing listens names the address, without the password", async () => {
    const spec = await fakeServer(() => undefined);
    for (const server of servers.splice(0)) server.close();
    await until("the port is free", () => isFree(spec.port));
    const error: unknown = await withClient(spec, {}, nothing).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: "CONNECTION_REFUSED",
      message: expect.stringContaining(`somebody@127.0.0.1:${spec.port}/app`),
      hint: expect.stringContaining("--database-url"),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });

  test.each([
    { spec: { host: "/nonexistent", port: 5432 }, detail: "/nonexistent/.s.PGSQL.5432" },
    { spec: { host: "does-not-exist.invalid", port: 5432 }, detail: "cannot be looked up" },
  ])("to $spec.host is CONNECTION_REFUSED", async ({ spec, detail }) => {
    const full = { ...spec, user: "a", password: undefined, database: "b", source: "DATABASE_URL" };
    await expect(withClient(full, {}, nothing)).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      detail: expect.stringContaining(detail),
    });
  });

  test("to the embedded server points to `tm-db up`", async () => {
    const spec = { ...(await fakeServer((socket) => socket.destroy())), source: "the embedded server" };
    await expect(withClient(spec, {}, nothing)).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      hint: "npx tm-db up",
    });
  });

  test("to a server that never answers ends in time", async () => {
    const spec = await fakeServer(() => undefined);
    const opening = withClient(spec, { connectTimeoutMs: 100 }, nothing);
    await expect(opening).rejects.toMatchObject({ code: "CONNECTION_REFUSED", detail: "no answer in time" });
  });

  test("to a server that hangs up at once says so", async () => {
    const spec = await fakeServer(
      () => undefined,
      (socket) => socket.end(),
    );
    await expect(withClient(spec, {}, nothing)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  });

  test("can be interrupted", async () => {
    const controller = new AbortController();
    const spec = await fakeServer(() => controller.abort());
    await expect(withClient(spec, { signal: controller.signal }, nothing)).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });

  test("to a server older than 15 is SERVER_TOO_OLD", async () => {
    const spec = await fakeServer((socket) => {
      const parameter = (name: string, value: string): Buffer => message("S", Buffer.from(`${name}\0${value}\0`));
      socket.write(
        Buffer.concat([
          message("R", Buffer.alloc(4)),
          parameter("server_version", "14.9 (Debian 14.9-1)"),
          parameter("client_encoding", "UTF8"),
          message("Z", Buffer.from("I")),
        ]),
      );
    });
    await expect(withClient(spec, {}, nothing)).rejects.toMatchObject({
      code: "SERVER_TOO_OLD",
      message: expect.stringContaining("14.9"),
    });
  });

  test("for want of a database is DATABASE_MISSING, with the command that makes it", async () => {
    const { connection } = await projects.create().start();
    const spec = { ...connection, database: "it's missing", source: "--database-url" };
    await expect(withClient(spec, {}, nothing)).rejects.toMatchObject({
      code: "DATABASE_MISSING",
      sqlState: "3D000",
      hint: `createdb -h 127.0.0.1 -p ${connection.port} -U tm_db 'it'\\''s missing'`,
    });
  });

  test("for want of a password or of the right to connect says which", async () => {
    const { connection, superuser } = await projects.create().start();
    const without = { ...connection, password: undefined, source: "DATABASE_URL" };
    await expect(withClient(without, {}, nothing)).rejects.toMatchObject({
      code: "AUTHENTICATION_FAILED",
      hint: expect.stringContaining("PGPASSWORD"),
    });
    await withClient(superuser, {}, async (client) => {
      await client.query("create role guest login password 'guest'");
      await client.query("revoke connect on database app from public");
    });
    const guest = { ...connection, user: "guest", password: "guest" };
    await expect(withClient(guest, {}, nothing)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    // The control: elsewhere the guest is let in.
    await withClient({ ...guest, database: "postgres" }, {}, nothing);
  });

  test("to a database that was being dropped says that nothing is left of it, and what makes it anew", async () => {
    const { connection, superuser } = await projects.create().start();
    // As a killed `drop database` leaves it.
    await withClient(superuser, {}, async (client) => {
      await client.query("update pg_database set datconnlimit = -2 where datname = 'app'");
    });
    const refusal = { code: "CONNECTION_REFUSED", sqlState: "55000" };
    await expect(withClient(connection, {}, nothing)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining("was being dropped"),
      hint: "drop what is left and make it anew: npx tm-db reset",
    });
    // The control: one that accepts no connections is whole.
    await withClient(superuser, {}, async (client) => {
      await client.query("update pg_database set datconnlimit = -1 where datname = 'app'");
      await client.query("alter database app with allow_connections false");
    });
    await expect(withClient(connection, {}, nothing)).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining("refuses the connection"),
    });
  });

  test("because all are taken says so", async () => {
    const { connection, superuser } = await projects.create().start();
    await withClient(superuser, {}, (client) => client.query("alter role tm_db connection limit 0"));
    await expect(withClient(connection, {}, nothing)).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      sqlState: "53300",
    });
  });
});

describe("an open connection", () => {
  test("knows the server's version, passes notices on, and shows as tm-db", async () => {
    const { connection } = await projects.create().start();
    const notices: ServerNotice[] = [];
    const name = await withClient(connection, { onNotice: (notice) => notices.push(notice) }, async (client) => {
      expect(serverVersion(client).major).toBe(18);
      await client.query("do $$ begin raise warning 'look out'; end $$");
      const { rows } = await client.query<{ application_name: string }>("show application_name");
      return rows[0]?.application_name;
    });
    expect(name).toBe("tm-db");
    expect(notices).toMatchObject([{ severity: "WARNING", message: "look out" }]);
  });

  test("goes by none of the settings that a role or a database has for its applications", async () => {
    const { connection } = await projects.create().start();
    const odd = {
      standard_conforming_strings: "off",
      DateStyle: "German, DMY",
      default_transaction_read_only: "on",
      row_security: "off",
      quote_all_identifiers: "on",
      statement_timeout: "200ms",
      transaction_timeout: "5s",
      idle_in_transaction_session_timeout: "300ms",
      idle_session_timeout: "300ms",
      // The files say what they mean with it.
      search_path: "pg_catalog",
    };
    const settings = async (client: pg.Client): Promise<Record<string, string>> => {
      const { rows } = await client.query<{ name: string; value: string }>(
        "select name, current_setting(name) as value from unnest($1::text[]) as name",
        [Object.keys(odd)],
      );
      return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    };
    await withClient(connection, {}, async (client) => {
      for (const [name, value] of Object.entries(odd)) await client.query(`alter role tm_db set ${name} = '${value}'`);
    });
    const { host, port, user, password, database } = connection;
    const other = new pg.Client({ host, port, user, password, database });
    await other.connect();
    expect(await settings(other)).toEqual(odd);
    await other.end();
    expect(await withClient(connection, {}, settings)).toEqual({
      standard_conforming_strings: "on",
      DateStyle: "ISO, DMY",
      default_transaction_read_only: "off",
      row_security: "on",
      quote_all_identifiers: "off",
      statement_timeout: "0",
      transaction_timeout: "0",
      idle_in_transaction_session_timeout: "0",
      idle_session_timeout: "0",
      search_path: "pg_catalog",
    });
  });

  test("is closed after the callback, also when that throws; an SQL error stays what it is", async () => {
    const { connection, superuser } = await projects.create().start();
    await expect(withClient(connection, {}, () => Promise.reject(new RangeError("mine")))).rejects.toThrow(RangeError);
    await expect(withClient(connection, {}, (client) => client.query("select 1 / 0"))).rejects.toMatchObject({
      code: "22012",
    });
    await until("no connection is left", () => hasNoConnection(superuser));
  });

  test("to a server whose disk is full is DISK_FULL, whatever the statement", async () => {
    const { connection } = await projects.create().start();
    const full = "do $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$";
    await expect(withClient(connection, {}, (client) => client.query(full))).rejects.toMatchObject({
      code: "DISK_FULL",
      sqlState: "53100",
      hint: expect.stringContaining("make room"),
    });
  });

  test("ends when the server has hung up, or at goodbye where the process ends, too", async () => {
    const said: string[] = [];
    const held: Socket[] = [];
    const spec = await fakeServer((socket) => {
      held.push(socket);
      // Does not hang up by itself when the client does.
      socket.allowHalfOpen = true;
      socket.on("data", (data) => said.push(data.toString("latin1", 0, 1)));
      const parameter = (name: string, value: string): Buffer => message("S", Buffer.from(`${name}\0${value}\0`));
      const parameters = [parameter("server_version", "18.0"), parameter("client_encoding", "UTF8")];
      socket.write(Buffer.concat([message("R", Buffer.alloc(4)), ...parameters, message("Z", Buffer.from("I"))]));
    });
    await withClient(spec, { leaves: true }, nothing);
    await until("goodbye is said", () => said.join("") === "X");
    let hasEnded = false;
    const waiting = withClient(spec, {}, nothing).then(() => (hasEnded = true));
    await until("goodbye is said again", () => said.join("") === "XX");
    expect(hasEnded).toBe(false);
    for (const socket of held) socket.destroy();
    await waiting;
  });

  test("that the server ends is CONNECTION_LOST, during a statement", async () => {
    const { connection, superuser } = await projects.create().start();
    const sleeping = withClient(connection, {}, async (client) => {
      const pid = await backendOf(client);
      const sleep = client.query("select pg_sleep(60)");
      await Promise.all([sleep, terminate(superuser, pid)]);
    });
    await expect(sleeping).rejects.toMatchObject({
      code: "CONNECTION_LOST",
      sqlState: "57P01",
      // It may have been the answer to a commit that got lost.
      hint: expect.stringContaining("tm-db status"),
    });
  });

  test("that the server ends is CONNECTION_LOST, between two statements, and no uncaught exception", async () => {
    const { connection, superuser } = await projects.create().start();
    const idle = withClient(connection, {}, async (client) => {
      const ended = new Promise((resolve) => client.once("end", resolve));
      await terminate(superuser, await backendOf(client));
      await ended;
      await client.query("select 1");
    });
    await expect(idle).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  test("that is interrupted stops its statement on the server as well", async () => {
    const { connection, superuser } = await projects.create().start();
    const controller = new AbortController();
    const sleeping = withClient(connection, { signal: controller.signal }, (client) =>
      client.query("select pg_sleep(60)"),
    );
    const isSleeping = async (): Promise<boolean> =>
      await withClient(superuser, {}, async (client) => {
        const { rowCount } = await client.query(
          "select from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'",
        );
        return rowCount === 1;
      });
    await until("the statement runs", isSleeping);
    controller.abort();
    await expect(sleeping).rejects.toMatchObject({ code: "INTERRUPTED" });
    await until("the statement stopped", async () => !(await isSleeping()));
  });
});

async function backendOf(client: { query: (sql: string) => Promise<{ rows: { pid: number }[] }> }): Promise<number> {
  return (await client.query("select pg_backend_pid() as pid")).rows[0]?.pid ?? 0;
}

async function terminate(superuser: ConnectionSpec, pid: number): Promise<void> {
  await withClient(superuser, {}, (client) => client.query("select pg_terminate_backend($1)", [pid]));
}

async function hasNoConnection(superuser: ConnectionSpec): Promise<boolean> {
  return await withClient(superuser, {}, async (client) => {
    const { rowCount } = await client.query("select from pg_stat_activity where usename = 'tm_db'");
    return rowCount === 0;
  });
}

const hasOpenssl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasOpenssl)("sslmode (needs openssl)", () => {
  let right = "";
  let wrong = "";

  /** A server with a certificate for the name `localhost`, and not for the address 127.0.0.1. */
  async function secureServer(): Promise<{
    readonly connection: ConnectionSpec;
    readonly superuser: ConnectionSpec;
    readonly dataDir: string;
  }> {
    const server = await projects.create().start();
    const folder = join(projects.root(), "certificates");
    mkdirSync(folder);
    const certificate = (name: string, subject: string): string => {
      const file = join(folder, name);
      const args = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        `/CN=${subject}`,
        "-addext",
        `subjectAltName=DNS:${subject}`,
      ];
      execFileSync("openssl", [...args, "-keyout", `${file}.key`, "-out", `${file}.crt`], { stdio: "ignore" });
      return file;
    };
    right = certificate("right", "localhost");
    wrong = certificate("wrong", "localhost");
    const { uid, gid } = statSync(server.dataDir);
    for (const end of ["crt", "key"]) {
      const target = join(server.dataDir, `server.${end}`);
      writeFileSync(target, readFileSync(`${right}.${end}`), { mode: 0o600 });
      chownSync(target, uid, gid);
    }
    await withClient(server.superuser, {}, async (client) => {
      await client.query("alter system set ssl = on");
      await client.query("select pg_reload_conf()");
    });
    await until(
      "the server offers TLS",
      async () => (await isEncrypted({ ...server.connection, ssl: "prefer" })) === true,
    );
    return server;
  }

  /** Answers by TLS with another certificate; a port. */
  async function tlsServer(certificate: string, onSecure: (socket: TLSSocket) => void): Promise<number> {
    const { port } = await fakeServer((socket) => {
      socket.write("S");
      const [key, cert] = [readFileSync(`${certificate}.key`), readFileSync(`${certificate}.crt`)];
      const secure = new TLSSocket(socket, { isServer: true, key, cert });
      secure.on("error", () => undefined);
      onSecure(secure);
    });
    return port;
  }

  async function isEncrypted(spec: ConnectionSpec): Promise<boolean | undefined> {
    return await withClient(spec, {}, async (client) => {
      const { rows } = await client.query<{ ssl: boolean }>("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
      return rows[0]?.ssl;
    });
  }

  test("means to tm-db what it means to libpq", async () => {
    const { connection } = await secureServer();
    const encrypted = async (ssl: SslMode | undefined, sslRootCert?: string): Promise<boolean | undefined> =>
      await isEncrypted({ ...connection, ssl, sslRootCert });
    expect(await encrypted(undefined)).toBe(false);
    expect(await encrypted("disable")).toBe(false);
    expect(await encrypted("allow")).toBe(false);
    expect(await encrypted("prefer")).toBe(true);
    expect(await encrypted("require")).toBe(true);
    // With a root certificate `require` checks it; `verify-ca` never looks at the name, `verify-full` does.
    expect(await encrypted("require", `${right}.crt`)).toBe(true);
    expect(await encrypted("verify-ca", `${right}.crt`)).toBe(true);
    const refused = { code: "CONNECTION_REFUSED", message: expect.stringContaining("no TLS connection") };
    await expect(encrypted("require", `${wrong}.crt`)).rejects.toMatchObject(refused);
    await expect(encrypted("verify-ca", `${wrong}.crt`)).rejects.toMatchObject(refused);
    await expect(encrypted("verify-full", `${right}.crt`)).rejects.toMatchObject(refused);
    expect(
      await isEncrypted({ ...connection, host: "localhost", ssl: "verify-full", sslRootCert: `${right}.crt` }),
    ).toBe(true);
    await expect(encrypted("verify-full")).rejects.toMatchObject(refused);
    await expect(encrypted("verify-ca", "/nonexistent.crt")).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("nothing said of a server on this machine is without TLS, unless the server wants it", async () => {
    const { connection, superuser, dataDir } = await secureServer();
    expect(await isEncrypted({ ...connection, ssl: undefined })).toBe(false);
    const rules = join(dataDir, "pg_hba.conf");
    writeFileSync(rules, readFileSync(rules, "utf8").replaceAll(/^host /gm, "hostssl "));
    await withClient(
      { ...superuser, ssl: "prefer" },
      {},
      async (client) => await client.query("select pg_reload_conf()"),
    );
    await until(
      "TLS is wanted",
      async () =>
        await isEncrypted({ ...connection, ssl: "disable" }).then(
          () => false,
          () => true,
        ),
    );
    expect(await isEncrypted({ ...connection, ssl: undefined })).toBe(true);
    await expect(isEncrypted({ ...connection, ssl: undefined, password: "wrong" })).rejects.toMatchObject({
      code: "AUTHENTICATION_FAILED",
    });
  });

  test("channel_binding=require logs in to the server that has the certificate's key, and only if that can be proven", async () => {
    const { connection } = await secureServer();
    const bound: ConnectionSpec = { ...connection, ssl: "require", channelBinding: "require" };
    expect(await isEncrypted(bound)).toBe(true);
    expect(await isEncrypted({ ...bound, ssl: "prefer" })).toBe(true);
    await expect(isEncrypted({ ...bound, password: "wrong" })).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
    await expect(isEncrypted({ ...bound, ssl: "disable" })).rejects.toMatchObject({ code: "USAGE" });
    // Somebody in between, whose certificate is another one: he gets the login through, and then not.
    const between = await tlsServer(wrong, (socket) => {
      const server = connect(connection.port, "127.0.0.1", () => server.write(SSL_REQUEST));
      server.once("data", () => {
        const secure = tlsConnect({ socket: server, rejectUnauthorized: false });
        secure.on("error", () => socket.destroy());
        socket.pipe(secure).pipe(socket);
      });
    });
    await expect(isEncrypted({ ...bound, port: between })).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
    expect(await isEncrypted({ ...bound, port: between, channelBinding: undefined })).toBe(true);
    // Servers that ask for less than a proof.
    const requests = {
      "the password": [3],
      "its MD5 sum": [5, 1, 2, 3, 4],
      nothing: [0],
      "a login that is not bound": [10, ...Buffer.from("SCRAM-SHA-256\0\0")],
    };
    for (const [what, [code = 0, ...more]] of Object.entries(requests)) {
      const heard: Buffer[] = [];
      const body = Buffer.from([0, 0, 0, code, ...more]);
      const port = await tlsServer(right, (socket) => {
        socket.once("data", () => {
          socket.write(Buffer.concat([message("R", body), message("Z", Buffer.from("I"))]));
          socket.on("data", (data: Buffer) => heard.push(data));
        });
      });
      await expect(isEncrypted({ ...bound, port }), what).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining("channel_binding=require"),
      });
      expect([what, heard]).toEqual([what, []]);
    }
  });

  test("prefer is content without TLS where the server has none, and require is not", async () => {
    const { connection } = await projects.create().start();
    expect(await isEncrypted({ ...connection, ssl: "prefer" })).toBe(false);
    await expect(isEncrypted({ ...connection, ssl: "require" })).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
      message: expect.stringContaining("offers no TLS"),
    });
    // A wrong password is reported as that, and not as a missing TLS.
    await expect(isEncrypted({ ...connection, ssl: "prefer", password: "wrong" })).rejects.toMatchObject({
      code: "AUTHENTICATION_FAILED",
    });
  });
});

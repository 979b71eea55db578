import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const encoder = new TextEncoder();

async function sign(payload: unknown): Promise<string> {
  return await db.value<string>("select auth.sign_jwt($1)::text", [JSON.stringify(payload)]);
}

async function issue(id: number): Promise<string> {
  return await db.value<string>("select (auth.issue_token($1)).token", [id]);
}

/** Runs statements that change the secret or the settings, and takes them back. */
async function inTransaction<T>(
  callback: (query: (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>) => Promise<T>,
): Promise<T> {
  const client = await db.connect("owner");
  await client.query("begin");
  try {
    return await callback(async (sql, values = []) => (await client.query<Record<string, unknown>>(sql, values)).rows);
  } finally {
    await client.query("rollback");
  }
}

describe("a token", () => {
  test("defect 05: is signed by the database itself, and a JWT library takes it", async () => {
    const { ada } = await db.users("ada");
    const { payload, protectedHeader } = await jwtVerify(await issue(ada.id), encoder.encode(db.server.jwtSecret), {
      algorithms: ["HS256"],
    });
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT" });
    expect(payload).toMatchObject({
      role: "api_user",
      user_id: ada.id,
      email: ada.email,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  });

  test("a wrong secret does not verify", async () => {
    const { ada } = await db.users("ada");
    await expect(jwtVerify(await issue(ada.id), encoder.encode("another secret that is long enough"))).rejects.toThrow(
      "signature",
    );
  });

  test("is byte for byte what a JWT library makes of the same text", async () => {
    // Payloads of every length modulo 3, and with bytes that base64 and base64url write differently.
    for (const filler of ["", "a", "ab", "abc", "é", "ÿþý", "?>~", "😀", '"\\/', "x".repeat(200)]) {
      const token = await sign({ filler, n: 1 });
      const [header, body, signature] = token.split(".");
      expect(token).not.toMatch(/[+/=\s]/);
      const claims = decodeJwt(token);
      expect(claims).toEqual({ filler, n: 1 });
      expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" });
      const text = Buffer.from(body ?? "", "base64url");
      expect(text.toString("base64url")).toBe(body);
      const key = await crypto.subtle.importKey(
        "raw",
        encoder.encode(db.server.jwtSecret),
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["sign"],
      );
      const expected = await crypto.subtle.sign("HMAC", key, encoder.encode(`${header}.${body}`));
      expect(signature).toBe(Buffer.from(expected).toString("base64url"));
    }
  });

  test("of a library has the same signature as the database's", async () => {
    const token = await sign({ b: 1 });
    const [, body] = token.split(".");
    const library = await new SignJWT({ b: 1 })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .sign(encoder.encode(db.server.jwtSecret));
    // jsonb prints spaces that the library leaves out: the same claims, and each verifies with the other's key.
    expect(decodeJwt(library)).toEqual(decodeJwt(token));
    expect(JSON.parse(Buffer.from(body ?? "", "base64url").toString())).toEqual({ b: 1 });
    await expect(jwtVerify(library, encoder.encode(db.server.jwtSecret))).resolves.toBeDefined();
  });

  test("defect 38: may expire after January 2038", async () => {
    const exp = 2 ** 31 + 86_400;
    expect(decodeJwt(await sign({ exp })).exp).toBe(exp);
    const { ada } = await db.users("ada");
    const lifetime = await inTransaction(async (query) => {
      await query("update auth.settings set token_lifetime = interval '30 years'");
      const [row] = await query("select (auth.issue_token($1)).token", [ada.id]);
      return decodeJwt(String(row?.["token"]));
    });
    expect(lifetime.exp).toBeGreaterThan(2 ** 31);
    expect((lifetime.exp ?? 0) - (lifetime.iat ?? 0)).toBeGreaterThan(29 * 365 * 86_400);
  });
});

describe("the secret", () => {
  test("defect 39: is one row, of at least 32 bytes, and without it nothing is signed", async () => {
    await inTransaction(async (query) => {
      await expect(query("insert into auth.secrets (secret) values ($1)", ["x".repeat(40)])).rejects.toMatchObject({
        code: "23505",
      });
    });
    for (const short of ["", "x".repeat(31)]) {
      await inTransaction(async (query) => {
        await expect(query("update auth.secrets set secret = $1", [short])).rejects.toMatchObject({ code: "23514" });
      });
    }
    await inTransaction(async (query) => {
      await query("update auth.secrets set secret = $1", ["x".repeat(32)]);
      await query("delete from auth.secrets");
      await expect(query("select auth.sign_jwt('{}')")).rejects.toThrow(/secret/);
    });
    await inTransaction(async (query) => {
      await expect(query("update auth.secrets set secret = null")).rejects.toMatchObject({ code: "23502" });
    });
  });

  test("counts its bytes, not its characters", async () => {
    await inTransaction(async (query) => {
      await expect(query("update auth.secrets set secret = $1", ["é".repeat(16)])).resolves.toBeDefined();
    });
  });

  test("may be exchanged: new tokens verify with the new one only", async () => {
    const rotated = "a new secret that is long enough, surely";
    const token = await inTransaction(async (query) => {
      await query("delete from auth.secrets");
      await query("insert into auth.secrets (secret) values ($1)", [rotated]);
      const [row] = await query("select auth.sign_jwt('{\"a\": 1}')::text as token");
      return String(row?.["token"]);
    });
    await expect(jwtVerify(token, encoder.encode(rotated))).resolves.toBeDefined();
    await expect(jwtVerify(token, encoder.encode(db.server.jwtSecret))).rejects.toThrow("signature");
  });

  test("does not come with the database: a fresh one has no other than was given to it", async () => {
    expect(await db.value("select secret from auth.secrets")).toBe(db.server.jwtSecret);
  });
});

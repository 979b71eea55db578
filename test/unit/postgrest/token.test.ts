import { createHmac, generateKeyPairSync } from "node:crypto";
import { SignJWT, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { jwtSecretOption, jwtSecretSet, signingKeys } from "../../../src/postgrest/signing-key.ts";
import { claimProblems, decodeToken, signToken, verifySignature, verifyToken } from "../../../src/postgrest/token.ts";

const SECRET = "the secret of this test, which is long enough";
const OTHER = "another secret of this test, long enough as well";
const NOW = new Date("2026-03-01T12:00:00Z");
const SECONDS = NOW.getTime() / 1000;
const keys = (...secrets: string[]) => secrets.flatMap((secret) => signingKeys(secret, "the secret"));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token as somebody would make it who chooses the header. */
function forge(header: unknown, claims: unknown, sign: (text: string) => string): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign(text)}`;
}

const hmac = (secret: string | Buffer) => (text: string) =>
  createHmac("sha256", secret).update(text).digest("base64url");

describe("a token that is signed here", () => {
  test("is one that a library accepts, with the header that the database writes", async () => {
    const token = await signToken({ role: "api_user", user_id: 7 }, keys(SECRET));
    const { payload, protectedHeader } = await jwtVerify(token, bytes(SECRET), { algorithms: ["HS256"] });
    expect(payload).toEqual({ role: "api_user", user_id: 7 });
    expect(protectedHeader).toEqual({ alg: "HS256", typ: "JWT" });
    await expect(jwtVerify(token, bytes(OTHER))).rejects.toThrow("signature");
  });

  test("is signed by the first of several secrets, and no public key is taken for one", async () => {
    const token = await signToken({ a: 1 }, keys(SECRET, OTHER));
    expect(await verifySignature(token, keys(SECRET))).toEqual({ kind: "verified" });
    expect(await verifySignature(token, keys(OTHER))).toMatchObject({ kind: "refused" });
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const set = JSON.stringify(publicKey.export({ format: "jwk" }));
    await expect(signToken({ a: 1 }, keys(set))).rejects.toMatchObject({ code: "USAGE" });
  });

  test("is signed as a key of a set says, by its kid", async () => {
    const jwk = { kty: "oct", k: Buffer.from(SECRET).toString("base64url"), kid: "spring", alg: "HS512" };
    const token = await signToken({ a: 1 }, keys(JSON.stringify({ keys: [jwk] })));
    expect(decodeToken(token).header).toEqual({ alg: "HS512", typ: "JWT", kid: "spring" });
    expect(await verifySignature(token, [jwk])).toEqual({ kind: "verified" });
  });
});

describe("a signature", () => {
  test("of a library is accepted by any of the secrets, in whatever order they stand", async () => {
    const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).sign(bytes(OTHER));
    expect(await verifySignature(token, keys(SECRET, OTHER))).toEqual({ kind: "verified" });
    expect(await verifySignature(token, keys(OTHER, SECRET))).toEqual({ kind: "verified" });
    expect(await verifySignature(token, keys(SECRET))).toEqual({
      kind: "refused",
      because: "its signature is that of another secret",
    });
  });

  test("that is missing is none, however `none` is written", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      const token = forge({ alg }, { role: "api_user" }, () => "");
      expect(await verifySignature(token, keys(SECRET))).toMatchObject({ kind: "refused", because: /not signed/ });
    }
    expect(
      await verifySignature(
        forge({}, {}, () => ""),
        keys(SECRET),
      ),
    ).toMatchObject({ kind: "refused" });
  });

  test("by another algorithm than the secret's is refused, even if the bytes are right", async () => {
    const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS512" }).sign(bytes(SECRET));
    expect(await verifySignature(token, keys(SECRET))).toMatchObject({ because: /no key for its alg "HS512"/ });
  });

  test("made with a public key as if it were a secret is refused", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = publicKey.export({ format: "jwk" });
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const forged = forge({ alg: "HS256" }, { role: "admin" }, hmac(Buffer.from(pem)));
    const genuine = await new SignJWT({ role: "admin" }).setProtectedHeader({ alg: "RS256" }).sign(privateKey);
    expect(await verifySignature(forged, keys(JSON.stringify(jwk)))).toMatchObject({ kind: "refused" });
    expect(await verifySignature(genuine, keys(JSON.stringify(jwk)))).toEqual({ kind: "verified" });
  });

  test("with a kid fits no secret that is a plain text, as in PostgREST", async () => {
    const token = forge({ alg: "HS256", kid: "spring" }, { a: 1 }, hmac(SECRET));
    expect(await verifySignature(token, keys(SECRET))).toMatchObject({ because: /and kid "spring"/ });
    const jwk = { kty: "oct", k: Buffer.from(SECRET).toString("base64url"), kid: "spring" };
    expect(await verifySignature(token, [jwk])).toEqual({ kind: "verified" });
  });
});

describe("claims", () => {
  test.each([
    ["that have not expired", { exp: SECONDS + 1, iat: SECONDS, nbf: SECONDS }, []],
    ["without times", { role: "api_user", user_id: "abc" }, []],
    ["that expired within the skew of clocks", { exp: SECONDS - 30 }, []],
    ["that expired", { exp: SECONDS - 31 }, ["it has expired"]],
    [
      "of later",
      { nbf: SECONDS + 31, iat: SECONDS + 31 },
      ["it is not valid yet (nbf)", "it was issued in the future (iat)"],
    ],
    ["with a time that is no number", { exp: "abc" }, ["exp is not a number"]],
  ])("%s", (_, claims, problems) => {
    expect(claimProblems(claims, NOW)).toEqual(problems);
  });

  test("are believed only with a signature, and in time", async () => {
    const valid = await signToken({ role: "api_user", exp: SECONDS + 60 }, keys(SECRET));
    expect(await verifyToken(valid, keys(SECRET), NOW)).toEqual({
      kind: "valid",
      claims: { role: "api_user", exp: SECONDS + 60 },
      payload: `{"role":"api_user","exp":${SECONDS + 60}}`,
    });
    expect(await verifyToken(valid, keys(OTHER), NOW)).toMatchObject({ kind: "refused" });
    expect(await verifyToken(valid, keys(SECRET), new Date(NOW.getTime() + 91_000))).toEqual({
      kind: "refused",
      because: "it has expired",
    });
    const [header = "", , signature = ""] = valid.split(".");
    const changed = `${header}.${part({ role: "admin", exp: SECONDS + 60 })}.${signature}`;
    expect(await verifyToken(changed, keys(SECRET), NOW)).toMatchObject({ kind: "refused" });
  });
});

describe("what is no token", () => {
  test.each([
    ["", "it is empty"],
    ["abc", "1 part"],
    ["a.b", "2 parts"],
    ["a.b.c.d.e", "5 parts"],
    ["a.b.c", "header part"],
    [`${part({ alg: "HS256" })}.${part([1])}.x`, "claims part is not a JSON object"],
    [`${part({ alg: "HS256" })}.YWJj.x`, "claims part"],
    [`${part({ alg: "HS256" })}.YQ==.x`, "claims part"],
  ])("%j is said to be none, and is not repeated", (text, why) => {
    const error = (() => {
      try {
        decodeToken(text);
      } catch (caught) {
        return caught as Error;
      }
      return undefined;
    })();
    expect(error).toMatchObject({ code: "TOKEN_UNREADABLE", message: expect.stringContaining(why) });
    if (text.length > 5) expect(error?.message).not.toContain(text);
  });
});

test("claims that are nested without end are refused, before anybody prints them", () => {
  const token = (depth: number): string =>
    `${part({ alg: "HS256" })}.${Buffer.from(`{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`).toString("base64url")}.x`;
  expect(() => decodeToken(token(100_000))).toThrow(
    expect.objectContaining({
      code: "TOKEN_UNREADABLE",
      message: expect.stringContaining("nested more than 1000 deep"),
    }),
  );
  expect(() => decodeToken(token(1000))).toThrow("nested");
  expect(decodeToken(token(999)).claims).toHaveProperty("a");
});

describe("a secret", () => {
  test("of less than 32 bytes is refused, as text and as a key", () => {
    expect(() => keys("x".repeat(31))).toThrow("shorter than 32 bytes");
    expect(() => keys(JSON.stringify({ kty: "oct", k: Buffer.from("x".repeat(31)).toString("base64url") }))).toThrow();
    expect(keys("é".repeat(16))).toHaveLength(1);
  });

  test("that looks like JSON and is no key is a text", () => {
    for (const text of [JSON.stringify({ a: "x".repeat(40) }), `"${"x".repeat(40)}"`, "1".repeat(40)])
      expect(keys(text)).toMatchObject([{ kty: "oct", k: Buffer.from(text).toString("base64url"), alg: "HS256" }]);
  });

  test("goes to PostgREST as it is, unless it would be a file's name there", () => {
    expect(jwtSecretOption([])).toBeUndefined();
    expect(jwtSecretOption([SECRET])).toBe(SECRET);
    const at = `@${SECRET}`;
    expect(keys(jwtSecretOption([at]) ?? "")).toEqual(keys(at));
    expect(jwtSecretOption([at])).not.toContain("@");
  });

  test("that is one of two goes to PostgREST in a set, in which each keeps its meaning", () => {
    expect(keys(jwtSecretOption([SECRET, OTHER]) ?? "")).toEqual(keys(SECRET, OTHER));
    const odd = '$(HOME) "quoted" \\back\\ #\'` and long enough';
    expect(jwtSecretSet([odd])).toMatch(/^[\w{}[\]":,-]+$/);
    expect(keys(jwtSecretSet([odd]))).toEqual(keys(odd));
  });
});

test.each([
  ["ES256", { kty: "EC", crv: "P-256", x: "AA", y: "AA" }],
  ["EdDSA", { kty: "OKP", crv: "Ed25519", x: "AA" }],
])("a broken key for %s among the others signs nothing, and is no failure", async (alg, key) => {
  const token = `${part({ alg })}.${part({ role: "a" })}.AAAA`;
  const keys = signingKeys(JSON.stringify({ keys: [key] }), "the secret");
  expect(await verifySignature(token, keys)).toEqual({
    kind: "refused",
    because: "its signature is that of another secret",
  });
});

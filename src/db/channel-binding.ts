import type pg from "pg";

/**
 * pg binds the login to the TLS connection where the server offers it, and logs in all the same where it does not, or where it
 * asks for the password itself: so would whoever is in between. This hears of each step before pg does, and hangs up.
 * What it returns throws after the login, unless it was bound.
 * https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
 */
export function refuseUnboundLogin(client: pg.Client): () => void {
  const { connection } = client;
  let isRefused = false;
  let isProven = false;
  const refuse = (): void => {
    isRefused = true;
    connection.stream.destroy(new Error(UNBOUND));
  };
  connection.on("authenticationCleartextPassword", refuse);
  connection.on("authenticationMD5Password", refuse);
  connection.on("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    if (!mechanisms.includes("SCRAM-SHA-256-PLUS")) refuse();
  });
  // pg compares its signature.
  connection.on("authenticationSASLFinal", () => (isProven = true));
  connection.on("authenticationOk", () => {
    if (!isProven) refuse();
  });
  return () => {
    if (isRefused || !isProven) throw new Error(UNBOUND);
  };
}

const UNBOUND = "SASL channel binding: the server does not bind the login to the TLS connection";

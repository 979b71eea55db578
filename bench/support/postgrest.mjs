// A request as PostgREST makes it, on a connection of its authenticator: one transaction, all settings in one statement
// (those of the role first), the pre-request function, the query.

/** What `alter role … set` gave the role; PostgREST reads it once, when it starts. */
export async function readRoleSettings(authenticator, role) {
  const { rows } = await authenticator.query(
    "select split_part(s, '=', 1) as name, substr(s, strpos(s, '=') + 1) as value from pg_roles, unnest(rolconfig) as s where rolname = $1",
    [role],
  );
  return rows.map(({ name, value }) => [name, value]);
}

/**
 * Begins a user's request; `end` is up to the caller. With role null, on the owner's connection, it is the same
 * transaction with the same claims and no policies.
 */
export async function beginAs(authenticator, { userId, settings, method = "GET", role = "api_user" }) {
  const all = [
    ["search_path", '"api", "public"'],
    ...settings,
    ...(role === null ? [] : [["role", role]]),
    ["request.jwt.claims", JSON.stringify({ role: "api_user", user_id: userId, iat: Math.floor(Date.now() / 1000) })],
    ["request.method", method],
    ["request.path", "/"],
    ["request.headers", "{}"],
    ["request.cookies", "{}"],
  ];
  await authenticator.query(`begin isolation level read committed ${method === "GET" ? "read only" : "read write"}`);
  await authenticator.query(
    `select ${all.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, true)`).join(", ")}`,
    all.flat(),
  );
  await authenticator.query("select auth.pre_request()");
}

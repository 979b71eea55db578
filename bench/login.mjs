// Logging in, beside its floor: one bare crypt() of the same cost. The time must not tell an unknown e-mail from a wrong
// password.
//
//   node bench/login.mjs [--pg 15|16|17|18] [--rounds 30]
import { parseArgs } from "node:util";
import { alternate, ms, printHead, printTable, ratio } from "./support/measure.mjs";
import { withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: { pg: { type: "string", default: "18" }, rounds: { type: "string", default: "30" } },
});

await withDatabase({ major: flags.pg }, async ({ connect, version }) => {
  const owner = await connect("owner");
  await owner.query("select api.register('known@example.com', 'correct horse battery', 'Known')");
  const { rows } = await owner.query("select bcrypt_cost as cost from auth.settings");
  printHead(`Logins, bcrypt cost ${rows[0].cost}`, version);

  const anonymous = await connect("authenticator");
  const logIn = (email, password) => async () => {
    await anonymous.query("begin");
    await anonymous.query(
      "select set_config('search_path', 'api, public', true), set_config('role', 'api_anonymous', true)",
    );
    const answer = await anonymous
      .query({ name: "login", text: "select * from api.login($1, $2)", values: [email, password] })
      .catch(({ code }) => ({ code }));
    await anonymous.query("rollback");
    return answer;
  };
  const { code } = await logIn("nobody@example.com", "wrong horse battery")();
  if (code !== "PT401") throw new Error(`an unknown e-mail answered ${code}`);

  const works = [
    [
      "one crypt()",
      () =>
        owner.query({
          name: "crypt",
          text: "select internal.crypt($1, internal.gen_salt('bf', $2))",
          values: ["correct horse battery", rows[0].cost],
        }),
    ],
    ["right password", logIn("known@example.com", "correct horse battery")],
    ["wrong password", logIn("known@example.com", "wrong horse battery")],
    ["unknown e-mail", logIn("nobody@example.com", "wrong horse battery")],
  ];
  const times = await alternate(
    works.map(([, work]) => work),
    Number(flags.rounds),
  );
  const [floor, , wrong] = times;
  printTable(
    ["login", "ms", "of one crypt()", "of a wrong password"],
    works.map(([name], at) => [name, ms(times[at]), ratio(times[at] / floor), ratio(times[at] / wrong)]),
  );
});

import { quoteIdent, quoteLiteral } from "../core/quote-ident.ts";
import type { Facts, PolicyFact } from "./facts.ts";
import { plainWords } from "./mutation.ts";
import type { Mutant } from "./plan.ts";

/** The beginning of a pgTAP file whose tests would notice a damage; `<…>` is what only people know. */
export function skeletonOf(mutant: Pick<Mutant, "subject" | "operator" | "before" | "after">, facts: Facts): string {
  return [
    "begin;",
    "select no_plan();",
    "",
    ...testLines(mutant, facts),
    "",
    "select * from finish();",
    "rollback;",
  ].join("\n");
}

/** `may` and `mayNot` are two people whom the damage treats alike and the original does not. */
function testLines(
  { subject, operator, before }: Pick<Mutant, "subject" | "operator" | "before">,
  facts: Facts,
): string[] {
  switch (subject.kind) {
    case "policy": {
      const policy = facts.policies.find(
        ({ schema, relation, name }) =>
          schema === subject.schema && relation === subject.relation && name === subject.name,
      );
      return policy === undefined ? [] : policyLines(policy, operator);
    }
    case "row-security":
      return [
        become("<who may see none>"),
        assert(
          "sees_nothing",
          selectFrom(subject.schema, subject.relation),
          "without a right to them, nobody sees rows",
        ),
      ];
    case "relation": {
      const name = qualified(subject.schema, subject.name);
      return [
        become("<who may>"),
        assert("can_see", `select * from ${name} where <their row>`, `<who may> sees it in ${name}`),
        become("<who may not>"),
        assert("sees_nothing", `select * from ${name} where <their row>`, `<who may not> does not see it in ${name}`),
      ];
    }
    case "grant":
      return grantLines(subject, before === "");
    case "function": {
      const call = `select ${qualified(subject.schema, subject.name)}(${(subject.arguments ?? []).map((type) => `<${type}>`).join(", ")})`;
      if (operator === "unpin-search-path" || operator === "swap-definer") return propertyLines(subject, operator);
      return [
        become("<who may>"),
        assert("lets", call, `<who may> calls ${subject.name}`),
        become("<who may not>"),
        assert("raises", call, `<who may not> is refused by ${subject.name}`, "403"),
      ];
    }
    case "column":
      return [
        `-- As the owner of the tables.`,
        `select throws_ok($$ update ${qualified(subject.schema, subject.relation)} set ${plain(subject.name)} = null where <a row> $$, '23502', null, ${quoteLiteral(`${subject.name} is always there`)});`,
      ];
    case "constraint":
      return [
        `-- As the owner of the tables.`,
        operator === "change-on-delete"
          ? `select lives_ok($$ delete from <what it points at> $$, 'it can be deleted');`
          : `select throws_ok($$ <a statement that violates ${subject.name}> $$, '<SQLSTATE>', null, ${quoteLiteral(`${subject.name} holds`)});`,
        ...(operator === "change-on-delete"
          ? [
              `select is_empty($$ select * from ${qualified(subject.schema, subject.relation)} where <what pointed at it> $$, '<what becomes of it>');`,
            ]
          : []),
      ];
    case "trigger":
      return [
        `<a statement on ${qualified(subject.schema, subject.relation)} that fires ${plain(subject.name)}>;`,
        `select results_eq($$ select <what it did> $$, $$ values (<value>) $$, ${quoteLiteral(`${subject.name} does its work`)});`,
      ];
    default:
      return [];
  }
}

const become = (who: string): string => `select tests.as_user('${who}');`;

function assert(name: string, statement: string, why: string, status?: string): string {
  const arguments_ = [`$$ ${statement} $$`, ...(status === undefined ? [] : [status]), quoteLiteral(why)];
  return `select tests.${name}(${arguments_.join(", ")});`;
}

const selectFrom = (schema: string, table: string): string => `select * from ${qualified(schema, table)}`;

/** A name as people write it: quoted where it has to be. */
const plain = (name: string): string => plainWords(quoteIdent(name));

const qualified = (schema: string, name: string): string => `${plain(schema)}.${plain(name)}`;

/** What a policy is for, and for whom, shows in nobody's attempts as long as nobody else has the privilege. */
function policyLines(policy: PolicyFact, operator: string): string[] {
  const { schema, relation, command, name, roles } = policy;
  const named = [schema, relation, name].map(quoteLiteral).join(", ");
  if (operator === "widen-policy-command")
    return [`select policy_cmd_is(${named}, ${quoteLiteral(command)}, ${quoteLiteral(`${name} is for ${command}`)});`];
  if (operator === "widen-policy-roles") {
    const list = `array[${roles.map(quoteLiteral).join(", ")}]::name[]`;
    return [`select policy_roles_are(${named}, ${list}, ${quoteLiteral(`${name} is for ${roles.join(", ")}`)});`];
  }
  const table = qualified(schema, relation);
  const of = {
    select: ["can_see", "sees_nothing", `select * from ${table} where <the row>`],
    insert: ["lets", "refuses", `insert into ${table} (<columns>) values (<values>)`],
    update: ["lets", "filters", `update ${table} set <column> = <value> where <the row>`],
    delete: ["lets", "filters", `delete from ${table} where <the row>`],
    all: ["lets", "filters", `update ${table} set <column> = <value> where <the row>`],
  } as const;
  const [allowed, refused, statement] = of[command];
  const verb = command === "all" ? "update" : command;
  return [
    become("<who may>"),
    assert(allowed, statement, `<who may> may ${verb} it, by ${name}`),
    become("<who may not>"),
    assert(refused, statement, `<who may not> may not ${verb} it, by ${name}`),
  ];
}

function grantLines(subject: Extract<Mutant["subject"], { readonly kind: "grant" }>, isNew: boolean): string[] {
  const { on, privilege, grantee, column } = subject;
  const name = on.kind === "schema" ? plain(on.name) : qualified(on.schema, on.name);
  const columns = column === undefined ? undefined : plain(column);
  const statements: Readonly<Record<string, string>> = {
    select: `select ${columns ?? "*"} from ${name}`,
    insert: `insert into ${name} (${columns ?? "<columns>"}) values (<values>)`,
    update: `update ${name} set ${columns ?? "<column>"} = <value>`,
    delete: `delete from ${name} where <the row>`,
    execute: `select ${name}(<arguments>)`,
    usage: `select * from ${name}.<table>`,
  };
  const verb = privilege === "usage" ? "use" : privilege;
  const statement = statements[privilege] ?? `<${privilege} on ${name}>`;
  return [
    grantee === "PUBLIC"
      ? "select tests.as_anonymous();"
      : `select tests.as_role(${quoteLiteral(grantee)}, '<claims>');`,
    isNew
      ? assert("denies", statement, `${grantee} has no right to ${verb} ${name}`)
      : assert("lets", statement, `${grantee} may ${verb} ${name}`),
  ];
}

function propertyLines(
  { schema, name }: { readonly schema: string; readonly name: string },
  operator: string,
): string[] {
  const property = operator === "swap-definer" ? "prosecdef" : "proconfig::text";
  return [
    `select results_eq(`,
    `  $$ select ${property} from pg_proc where pronamespace = ${quoteLiteral(plain(schema))}::regnamespace and proname = ${quoteLiteral(name)} $$,`,
    `  $$ values (<as it is>) $$,`,
    `  ${quoteLiteral(`${name} runs as it was written`)}`,
    `);`,
  ];
}

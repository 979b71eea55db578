import type { Node } from "libpg-query";
import type { PlacedFinding } from "./squawk.ts";
import { findPerRowCall } from "./per-row-call.ts";

/** A statement of a repeatable file, as PostgreSQL's parser read it. */
export interface LintedStatement {
  readonly node: Node;
  /** Where it begins in its file, in characters. */
  readonly start: number;
}

export interface RuleContext {
  readonly exposedSchemas: readonly string[];
  /** Quoted names of the tables for which some file, or a migration, enables row level security. */
  readonly protectedTables: ReadonlySet<string>;
}

/** Our own rules: what each objects to, and how that is mended. docs/lint.md explains them. */
export const RULES = {
  "definer-search-path": {
    message: "the function runs as its owner, and finds what it names in the caller's search_path",
    help: "add: set search_path = ''  (and qualify every name)",
  },
  "policy-for-all": {
    message: "the policy is for every command: what people may read, they may change and delete",
    help: "write one policy for each of: for select, for insert, for update, for delete",
  },
  "policy-to-public": {
    message: "the policy is for every role, the anonymous one included",
    help: "name the roles: to …",
  },
  "policy-update-check": {
    message: "the policy does not say what a row may become",
    help: "add `with check (…)`, even if it repeats `using`",
  },
  "policy-per-row-call": {
    message: "the policy calls a function for every row that is looked at",
    help: "make it a subquery, which runs once: (select …)",
  },
  "policy-without-rls": {
    message: "the policy has no effect: no file enables row level security on its table",
    help: "add: alter table … enable row level security",
  },
  "view-security-invoker": {
    message: "the view is exposed and reads with the rights of its owner: policies do not hold for who asks",
    help: "add: with (security_invoker = true)",
  },
} as const;

/** Our own rules for migrations, where the rest is squawk's. */
export const MIGRATION_RULES = {
  "grant-on-all-functions": {
    message: "it reaches no function of functions/: those are made after all migrations",
    help: "grant or revoke beside each function, in its file; what holds for all of them is `alter default privileges`",
  },
} as const;

export type OwnRule = keyof typeof RULES;
export type MigrationRule = keyof typeof MIGRATION_RULES;

/** What our own rules find in a statement of `functions/`, `views/` or `policies/`. */
export function checkStatement(statement: LintedStatement, context: RuleContext): PlacedFinding[] {
  return brokenRules(statement.node, context).map((rule) => finding(rule, RULES[rule], statement));
}

/** What our own rules find in a statement of a migration, in a project that has files in `functions/`. */
export function checkMigrationStatement(statement: LintedStatement): PlacedFinding[] {
  const rule: MigrationRule = "grant-on-all-functions";
  return isOnAllFunctions(statement.node) ? [finding(rule, MIGRATION_RULES[rule], statement)] : [];
}

function finding(
  rule: OwnRule | MigrationRule,
  { message, help }: { readonly message: string; readonly help: string },
  { start }: LintedStatement,
): PlacedFinding {
  return { rule, severity: "warning", message, help, url: null, offset: start };
}

function isOnAllFunctions(node: Node): boolean {
  if (!("GrantStmt" in node) || node.GrantStmt.targtype !== "ACL_TARGET_ALL_IN_SCHEMA") return false;
  return /^OBJECT_(FUNCTION|PROCEDURE|ROUTINE)$/.test(node.GrantStmt.objtype ?? "");
}

function brokenRules(node: Node, context: RuleContext): OwnRule[] {
  if ("CreateFunctionStmt" in node) return isUnpinnedDefiner(node.CreateFunctionStmt) ? ["definer-search-path"] : [];
  if ("ViewStmt" in node) return isOwnersView(node.ViewStmt, context) ? ["view-security-invoker"] : [];
  if ("CreatePolicyStmt" in node) return brokenByPolicy(node.CreatePolicyStmt, context);
  return [];
}

type Statement<Kind extends string> = Extract<Node, Readonly<Record<Kind, unknown>>>[Kind];

function isUnpinnedDefiner({ options = [] }: Statement<"CreateFunctionStmt">): boolean {
  const elements = options.flatMap((option) => ("DefElem" in option ? [option.DefElem] : []));
  const isDefiner = elements.some(
    ({ defname, arg }) =>
      defname === "security" && arg !== undefined && "Boolean" in arg && arg.Boolean.boolval === true,
  );
  const isPinned = elements.some(
    ({ defname, arg }) =>
      defname === "set" &&
      arg !== undefined &&
      "VariableSetStmt" in arg &&
      arg.VariableSetStmt.name?.toLowerCase() === "search_path",
  );
  return isDefiner && !isPinned;
}

function isOwnersView({ view, options = [] }: Statement<"ViewStmt">, { exposedSchemas }: RuleContext): boolean {
  if (!exposedSchemas.includes(view?.schemaname ?? "")) return false;
  return !options.some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname?.toLowerCase() !== "security_invoker") return false;
    const { arg } = option.DefElem;
    return arg === undefined || isTrue(arg);
  });
}

/** As PostgreSQL reads a boolean option: a word, a number, or its beginning. */
function isTrue(value: Node): boolean {
  const text =
    "String" in value
      ? value.String.sval
      : "Integer" in value
        ? String(value.Integer.ival ?? 0)
        : "TypeName" in value
          ? value.TypeName.names?.map((name) => ("String" in name ? name.String.sval : "")).join("")
          : "";
  return /^(t|tr|tru|true|y|ye|yes|on|1)$/i.test(text ?? "");
}

function brokenByPolicy(policy: Statement<"CreatePolicyStmt">, context: RuleContext): OwnRule[] {
  const { cmd_name: command, roles = [], qual, with_check: check, table, permissive = false } = policy;
  const toEverybody = roles.some((role) => "RoleSpec" in role && role.RoleSpec.roletype === "ROLESPEC_PUBLIC");
  const findings: OwnRule[] = [];
  // A restrictive policy lets nobody do anything: the more it is for, the less is allowed.
  if (permissive && command === "all") findings.push("policy-for-all");
  if (permissive && toEverybody) findings.push("policy-to-public");
  if (command === "update" && check === undefined) findings.push("policy-update-check");
  if (findPerRowCall(qual) || findPerRowCall(check)) findings.push("policy-per-row-call");
  const name = JSON.stringify([table?.schemaname, table?.relname]);
  if (!context.protectedTables.has(name)) findings.push("policy-without-rls");
  return findings;
}

/** The table that a statement enables row level security for, as `checkStatement` looks it up; undefined for others. */
export function protectedTable(node: Node): string | undefined {
  if (!("AlterTableStmt" in node)) return undefined;
  const { relation, cmds = [] } = node.AlterTableStmt;
  const enables = cmds.some((cmd) => "AlterTableCmd" in cmd && cmd.AlterTableCmd.subtype === "AT_EnableRowSecurity");
  return enables ? JSON.stringify([relation?.schemaname, relation?.relname]) : undefined;
}

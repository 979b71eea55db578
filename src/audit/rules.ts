import { AUDIT_SEVERITIES, type AuditRuleText } from "../core/audit.ts";
import apiRoleCanCreateText from "./rules/api-role-can-create/rule.md";
import apiRoleCanCreateSql from "./rules/api-role-can-create/rule.sql";
import apiRoleOwnsText from "./rules/api-role-owns/rule.md";
import apiRoleOwnsSql from "./rules/api-role-owns/rule.sql";
import authenticatorInheritsText from "./rules/authenticator-inherits/rule.md";
import authenticatorInheritsSql from "./rules/authenticator-inherits/rule.sql";
import commentMissingText from "./rules/comment-missing/rule.md";
import commentMissingSql from "./rules/comment-missing/rule.sql";
import definerExecutableText from "./rules/definer-executable/rule.md";
import definerExecutableSql from "./rules/definer-executable/rule.sql";
import definerSearchPathText from "./rules/definer-search-path/rule.md";
import definerSearchPathSql from "./rules/definer-search-path/rule.sql";
import extensionExposedText from "./rules/extension-exposed/rule.md";
import extensionExposedSql from "./rules/extension-exposed/rule.sql";
import foreignKeyUnindexedText from "./rules/foreign-key-unindexed/rule.md";
import foreignKeyUnindexedSql from "./rules/foreign-key-unindexed/rule.sql";
import foreignTableExposedText from "./rules/foreign-table-exposed/rule.md";
import foreignTableExposedSql from "./rules/foreign-table-exposed/rule.sql";
import functionPublicExecuteText from "./rules/function-public-execute/rule.md";
import functionPublicExecuteSql from "./rules/function-public-execute/rule.sql";
import grantToPublicText from "./rules/grant-to-public/rule.md";
import grantToPublicSql from "./rules/grant-to-public/rule.sql";
import grantTruncateText from "./rules/grant-truncate/rule.md";
import grantTruncateSql from "./rules/grant-truncate/rule.sql";
import idWritableText from "./rules/id-writable/rule.md";
import idWritableSql from "./rules/id-writable/rule.sql";
import legacyClaimsText from "./rules/legacy-claims/rule.md";
import legacyClaimsSql from "./rules/legacy-claims/rule.sql";
import matviewExposedText from "./rules/matview-exposed/rule.md";
import matviewExposedSql from "./rules/matview-exposed/rule.sql";
import nameCutText from "./rules/name-cut/rule.md";
import nameCutSql from "./rules/name-cut/rule.sql";
import notifyWholeRowText from "./rules/notify-whole-row/rule.md";
import notifyWholeRowSql from "./rules/notify-whole-row/rule.sql";
import policyColumnUnindexedText from "./rules/policy-column-unindexed/rule.md";
import policyColumnUnindexedSql from "./rules/policy-column-unindexed/rule.sql";
import policyForAllText from "./rules/policy-for-all/rule.md";
import policyForAllSql from "./rules/policy-for-all/rule.sql";
import policyNullCallerText from "./rules/policy-null-caller/rule.md";
import policyNullCallerSql from "./rules/policy-null-caller/rule.sql";
import policyOverlapText from "./rules/policy-overlap/rule.md";
import policyOverlapSql from "./rules/policy-overlap/rule.sql";
import policyPerRowCallText from "./rules/policy-per-row-call/rule.md";
import policyPerRowCallSql from "./rules/policy-per-row-call/rule.sql";
import policyReadsAllText from "./rules/policy-reads-all/rule.md";
import policyReadsAllSql from "./rules/policy-reads-all/rule.sql";
import policyRecursionText from "./rules/policy-recursion/rule.md";
import policyRecursionSql from "./rules/policy-recursion/rule.sql";
import policyRowArgumentText from "./rules/policy-row-argument/rule.md";
import policyRowArgumentSql from "./rules/policy-row-argument/rule.sql";
import policyRowSubqueryText from "./rules/policy-row-subquery/rule.md";
import policyRowSubquerySql from "./rules/policy-row-subquery/rule.sql";
import policyToPublicText from "./rules/policy-to-public/rule.md";
import policyToPublicSql from "./rules/policy-to-public/rule.sql";
import policyUpdateCheckText from "./rules/policy-update-check/rule.md";
import policyUpdateCheckSql from "./rules/policy-update-check/rule.sql";
import policyWithoutRlsText from "./rules/policy-without-rls/rule.md";
import policyWithoutRlsSql from "./rules/policy-without-rls/rule.sql";
import policyWritesAllText from "./rules/policy-writes-all/rule.md";
import policyWritesAllSql from "./rules/policy-writes-all/rule.sql";
import rlsDisabledText from "./rules/rls-disabled/rule.md";
import rlsDisabledSql from "./rules/rls-disabled/rule.sql";
import rlsWithoutPolicyText from "./rules/rls-without-policy/rule.md";
import rlsWithoutPolicySql from "./rules/rls-without-policy/rule.sql";
import rolePrivilegedText from "./rules/role-privileged/rule.md";
import rolePrivilegedSql from "./rules/role-privileged/rule.sql";
import roleSettingCaseText from "./rules/role-setting-case/rule.md";
import roleSettingCaseSql from "./rules/role-setting-case/rule.sql";
import sensitiveColumnText from "./rules/sensitive-column/rule.md";
import sensitiveColumnSql from "./rules/sensitive-column/rule.sql";
import sequenceGrantedText from "./rules/sequence-granted/rule.md";
import sequenceGrantedSql from "./rules/sequence-granted/rule.sql";
import userMetadataText from "./rules/user-metadata/rule.md";
import userMetadataSql from "./rules/user-metadata/rule.sql";
import viewSecurityInvokerText from "./rules/view-security-invoker/rule.md";
import viewSecurityInvokerSql from "./rules/view-security-invoker/rule.sql";

/** A rule: what a person reads of it, and the query that finds what breaks it. */
export interface AuditRule extends AuditRuleText {
  /** A query over the facts of facts.sql; its columns are `object`, `subject`, `message` and `fix`. */
  readonly sql: string;
}

/** Every rule, by name. A rule is a folder of rules/ and a line here; test/contracts/audit-rules.test.ts compares the two. */
export const AUDIT_RULES: readonly AuditRule[] = [
  rule("api-role-can-create", apiRoleCanCreateText, apiRoleCanCreateSql),
  rule("api-role-owns", apiRoleOwnsText, apiRoleOwnsSql),
  rule("authenticator-inherits", authenticatorInheritsText, authenticatorInheritsSql),
  rule("comment-missing", commentMissingText, commentMissingSql),
  rule("definer-executable", definerExecutableText, definerExecutableSql),
  rule("definer-search-path", definerSearchPathText, definerSearchPathSql),
  rule("extension-exposed", extensionExposedText, extensionExposedSql),
  rule("foreign-key-unindexed", foreignKeyUnindexedText, foreignKeyUnindexedSql),
  rule("foreign-table-exposed", foreignTableExposedText, foreignTableExposedSql),
  rule("function-public-execute", functionPublicExecuteText, functionPublicExecuteSql),
  rule("grant-to-public", grantToPublicText, grantToPublicSql),
  rule("grant-truncate", grantTruncateText, grantTruncateSql),
  rule("id-writable", idWritableText, idWritableSql),
  rule("legacy-claims", legacyClaimsText, legacyClaimsSql),
  rule("matview-exposed", matviewExposedText, matviewExposedSql),
  rule("name-cut", nameCutText, nameCutSql),
  rule("notify-whole-row", notifyWholeRowText, notifyWholeRowSql),
  rule("policy-column-unindexed", policyColumnUnindexedText, policyColumnUnindexedSql),
  rule("policy-for-all", policyForAllText, policyForAllSql),
  rule("policy-null-caller", policyNullCallerText, policyNullCallerSql),
  rule("policy-overlap", policyOverlapText, policyOverlapSql),
  rule("policy-per-row-call", policyPerRowCallText, policyPerRowCallSql),
  rule("policy-reads-all", policyReadsAllText, policyReadsAllSql),
  rule("policy-recursion", policyRecursionText, policyRecursionSql),
  rule("policy-row-argument", policyRowArgumentText, policyRowArgumentSql),
  rule("policy-row-subquery", policyRowSubqueryText, policyRowSubquerySql),
  rule("policy-to-public", policyToPublicText, policyToPublicSql),
  rule("policy-update-check", policyUpdateCheckText, policyUpdateCheckSql),
  rule("policy-without-rls", policyWithoutRlsText, policyWithoutRlsSql),
  rule("policy-writes-all", policyWritesAllText, policyWritesAllSql),
  rule("rls-disabled", rlsDisabledText, rlsDisabledSql),
  rule("rls-without-policy", rlsWithoutPolicyText, rlsWithoutPolicySql),
  rule("role-privileged", rolePrivilegedText, rolePrivilegedSql),
  rule("role-setting-case", roleSettingCaseText, roleSettingCaseSql),
  rule("sensitive-column", sensitiveColumnText, sensitiveColumnSql),
  rule("sequence-granted", sequenceGrantedText, sequenceGrantedSql),
  rule("user-metadata", userMetadataText, userMetadataSql),
  rule("view-security-invoker", viewSecurityInvokerText, viewSecurityInvokerSql),
];

/** Reads a rule's page: `title` and `severity` between two lines of `---`, then Markdown. */
function rule(id: string, page: string, sql: string): AuditRule {
  const [, title, word, text] = /^---\ntitle: (.+)\nseverity: (\w+)\n---\n\n([\s\S]+)$/.exec(page) ?? [];
  const severity = AUDIT_SEVERITIES.find((known) => known === word);
  if (title === undefined || severity === undefined || text === undefined)
    throw new Error(`rule.md of ${id} is malformed`);
  return { id, title, severity, text, sql };
}

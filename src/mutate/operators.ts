import type { Facts } from "./facts.ts";
import type { Fragment } from "./fragments.ts";
import type { Mutation } from "./mutation.ts";
import { changeLiteral } from "./operators/change-literal.ts";
import { changeOnDelete } from "./operators/change-on-delete.ts";
import { closePolicy } from "./operators/close-policy.ts";
import { constantAnswer } from "./operators/constant-answer.ts";
import { disableRowSecurity } from "./operators/disable-row-security.ts";
import { dropCondition } from "./operators/drop-condition.ts";
import { dropConstraint } from "./operators/drop-constraint.ts";
import { dropNotNull } from "./operators/drop-not-null.ts";
import { dropPolicy } from "./operators/drop-policy.ts";
import { dropTrigger } from "./operators/drop-trigger.ts";
import { flipComparison } from "./operators/flip-comparison.ts";
import { openExecute } from "./operators/open-execute.ts";
import { openPolicy } from "./operators/open-policy.ts";
import { revokeGrant } from "./operators/revoke-grant.ts";
import { skipCheck } from "./operators/skip-check.ts";
import { swapAndOr } from "./operators/swap-and-or.ts";
import { swapDefiner } from "./operators/swap-definer.ts";
import { swapPermissive } from "./operators/swap-permissive.ts";
import { unpinSearchPath } from "./operators/unpin-search-path.ts";
import { viewAsOwner } from "./operators/view-as-owner.ts";
import { widenGrant } from "./operators/widen-grant.ts";
import { widenPolicyCommand } from "./operators/widen-policy-command.ts";
import { widenPolicyRoles } from "./operators/widen-policy-roles.ts";
import type { Edit, Node } from "./sql-tree.ts";

/** A kind of damage: to objects as the catalog lists them, or to the SQL in them. */
export type Operator = ObjectOperator | TreeOperator;

interface Named {
  /** That of its file. */
  readonly name: string;
  /** As a sentence goes on after "somebody …". */
  readonly does: string;
}

export interface ObjectOperator extends Named {
  readonly damage: (facts: Facts) => readonly Mutation[];
}

export interface TreeOperator extends Named {
  /** In which SQL. */
  readonly on: readonly Fragment["kind"][];
  /** What a node may be replaced by; `lists` are the sets of texts that a value may be one of. */
  readonly edit: (node: Node, lists: readonly (readonly string[])[]) => readonly Edit[];
}

/** All kinds of damage, the bluntest first. */
export const OPERATORS: readonly Operator[] = [
  disableRowSecurity,
  dropPolicy,
  openPolicy,
  closePolicy,
  widenPolicyCommand,
  widenPolicyRoles,
  swapPermissive,
  revokeGrant,
  widenGrant,
  openExecute,
  viewAsOwner,
  swapDefiner,
  unpinSearchPath,
  skipCheck,
  constantAnswer,
  dropConstraint,
  dropNotNull,
  changeOnDelete,
  dropTrigger,
  dropCondition,
  swapAndOr,
  flipComparison,
  changeLiteral,
];

export {
  type Claims,
  type Person,
  type PolicyTest,
  type PolicyTestOptions,
  PolicyTestFailure,
  policyTest,
  type Statement,
  type Value,
} from "./app/policy-test.ts";

export {
  type Claims,
  type Person,
  type PolicyTest,
  type PolicyTestOptions,
  policyTest,
  type Statement,
  type Value,
} from "./app/policy-test.ts";

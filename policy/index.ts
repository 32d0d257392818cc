/** Policies: Vault's language, the rules it compiles to, verdicts and their reasons. Pure; runs in server, CLI and browser. */
export {
  type Acl,
  type AttachedPolicy,
  compileAcl,
  type PolicyRef,
  type RootPolicy,
  type Rule,
  type RuleSource,
  type WrittenPolicy,
} from "./acl.ts"
export { DEFAULT_POLICY, RESPONSE_WRAPPING_POLICY } from "./builtin.ts"
export { capabilities, decide, type Operation, type Question, type Reason, reaches, type Verdict } from "./decide.ts"
export {
  CAPABILITIES,
  type Capability,
  type ControlGroup,
  type ControlGroupFactor,
  type ParameterRules,
  type PathRule,
  type Plain,
  type PolicyDocument,
} from "./document.ts"
export { type ExplainedRule, type Explanation, explain, type RunnerUp } from "./explain.ts"
export { type KnownMount, lint } from "./lint.ts"
export { filterPath, showsKey } from "./listing.ts"
export type { Parameters } from "./parameters.ts"
export { MAX_POLICY_LENGTH, MAX_POLICY_RULES, type ParsedPolicy, parsePolicy } from "./parse.ts"
export {
  type CharsetRule,
  DEFAULT_PASSWORD_POLICY,
  generatePassword,
  type PasswordPolicy,
  parsePasswordPolicy,
} from "./password.ts"
export type { Pattern } from "./pattern.ts"
export type { Identity, IdentityAlias, IdentityEntity, IdentityGroup } from "./template.ts"

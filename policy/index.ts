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
export type { Parameters } from "./parameters.ts"
export type { Pattern } from "./pattern.ts"
export type { Identity, IdentityAlias, IdentityEntity, IdentityGroup } from "./template.ts"

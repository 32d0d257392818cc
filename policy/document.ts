/** What a policy says, once parsed: Vault's language (`path "secret/data/+/app" { capabilities = ["read"] }`) as values. */

import type { Pattern } from "./pattern.ts"
import type { Template } from "./template.ts"

/** The rights a rule can give. `deny` takes all others away; `subscribe` and `recover` are read and kept for their engines. */
export const CAPABILITIES = [
  "create",
  "delete",
  "deny",
  "list",
  "patch",
  "read",
  "recover",
  "scan",
  "subscribe",
  "sudo",
  "update",
] as const

export type Capability = (typeof CAPABILITIES)[number]

/** Each capability as a bit, so that a rule's rights are one number. */
export const BIT: Readonly<Record<Capability, number>> = {
  create: 1 << 0,
  delete: 1 << 1,
  deny: 1 << 2,
  list: 1 << 3,
  patch: 1 << 4,
  read: 1 << 5,
  recover: 1 << 6,
  scan: 1 << 7,
  subscribe: 1 << 8,
  sudo: 1 << 9,
  update: 1 << 10,
}

/** The capabilities of a mask, in Vault's (alphabetical) order. */
export const capabilitiesOf = (mask: number): Capability[] => CAPABILITIES.filter(one => (mask & BIT[one]) !== 0)

/** A value as HCL and JSON can say it. Integers beyond 2^53 are bigints. */
export type Plain = string | number | bigint | boolean | null | readonly Plain[] | ReadonlyMap<string, Plain>

/** Parameter names (lower-case, or `*`) to the values meant; no values means any value. */
export type ParameterRules = ReadonlyMap<string, readonly Plain[]>

export interface ControlGroup {
  readonly ttlSeconds: number
  readonly selfAuthorizationAllowed: boolean
  readonly factors: readonly ControlGroupFactor[]
}

export interface ControlGroupFactor {
  readonly name: string
  readonly controlledCapabilities: readonly string[]
  readonly groupNames: readonly string[]
  readonly groupIds: readonly string[]
  readonly approvals: number
}

/** What a rule demands of a request besides its path: the part that merges when several policies name the same path. */
export interface Conditions {
  readonly allowedParameters: ParameterRules | undefined
  readonly deniedParameters: ParameterRules | undefined
  readonly requiredParameters: readonly string[]
  /** Seconds; 0 for no bound. */
  readonly minWrappingTtl: number
  readonly maxWrappingTtl: number
  readonly mfaMethods: readonly string[]
  readonly controlGroup: ControlGroup | undefined
  /** The most keys that one LIST or SCAN may return; 0 for no bound. */
  readonly paginationLimit: number
  /** A path template (`secret/data/{{ .path }}{{ .key }}`): only listed keys which the caller may use there are shown; "" for all. */
  readonly responseKeysFilterPath: string
}

/** One `path` block. */
export interface PathRule extends Conditions {
  /** As written, without leading slash; templates unresolved. */
  readonly path: string
  /** Where the block begins in the text. */
  readonly line: number
  /** Undefined when the path is a template, that is, different for each caller. */
  readonly pattern: Pattern | undefined
  readonly template: Template | undefined
  /** Capability bits (`BIT`); only `deny` when the block denies. */
  readonly mask: number
  readonly comment: string
  /** Seconds since 1970 after which the rule is void; undefined for never. */
  readonly expiration: number | undefined
}

export interface PolicyDocument {
  /** The obsolete `name` key; nothing depends on it. */
  readonly name: string | undefined
  readonly rules: readonly PathRule[]
  /** Whether any path holds a `{{…}}`. */
  readonly templated: boolean
}

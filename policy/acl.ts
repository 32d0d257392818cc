/** The rules of a caller: those of all policies, templates resolved, merged where they name the same path, ready for lookup. */

import {
  BIT,
  type Capability,
  type Conditions,
  capabilitiesOf,
  type ParameterRules,
  type PathRule,
  type Plain,
  type PolicyDocument,
} from "./document.ts"
import { type Pattern, parsePattern, rank } from "./pattern.ts"
import { fillTemplate, type Identity } from "./template.ts"
import { bestMatch, plant, type RuleTree } from "./tree.ts"

export interface PolicyRef {
  readonly name: string
  /** The namespace it is written in; only shown, never matched. */
  readonly namespace: string
}

/** A policy attached to a caller. `root: true` is the one that has no text and allows everything. */
export type AttachedPolicy = PolicyRef & (RootPolicy | WrittenPolicy)

export interface RootPolicy {
  readonly root: true
}

export interface WrittenPolicy {
  readonly root?: false
  readonly document: PolicyDocument
  /** Put before every path of the document: from where request paths are counted to the policy's namespace (`team/app/`). */
  readonly prefix?: string
}

/** What one policy gives to a rule. */
export interface RuleSource {
  readonly policy: PolicyRef
  /** The line of its `path` block. */
  readonly line: number
  readonly capabilities: readonly Capability[]
  readonly mask: number
}

/** One path pattern with all that the caller's policies say about it. */
export interface Rule extends Conditions {
  readonly pattern: Pattern
  readonly mask: number
  readonly sources: readonly RuleSource[]
}

/** A caller's compiled rules: immutable, to be kept as long as policies and identity stay the same and `validUntil` is not over. */
export interface Acl {
  /** The root policy, when it is attached: all is allowed. */
  readonly root: PolicyRef | undefined
  /** Every rule once, in the order of the policies. */
  readonly rules: readonly Rule[]
  /** Seconds since 1970 when the first rule expires; Infinity when none does. From then on, compile again. */
  readonly validUntil: number
  readonly tree: RuleTree<Rule>
  /** The rules that deny, with case folded: a back end that folds case must not be a way around them. */
  readonly denials: RuleTree<Rule> | undefined
}

/** One `path` block of one policy. */
interface Statement {
  readonly stated: PathRule
  readonly policy: PolicyRef
}

/** Compiles policies for one caller at `now` (seconds since 1970). */
export function compileAcl(policies: readonly AttachedPolicy[], identity: Identity | undefined, now: number): Acl {
  const root = policies.find(policy => policy.root === true)
  const byPath = new Map<string, { readonly pattern: Pattern; readonly statements: Statement[] }>()
  let validUntil = Number.POSITIVE_INFINITY
  for (const policy of policies) {
    if (policy.root === true) continue
    const ref = { name: policy.name, namespace: policy.namespace }
    for (const stated of policy.document.rules) {
      if (stated.expiration !== undefined && stated.expiration <= now) continue
      const pattern = patternFor(stated, identity, policy.prefix ?? "")
      if (pattern === undefined) continue
      validUntil = Math.min(validUntil, stated.expiration ?? validUntil)
      const known = byPath.get(pattern.text)
      if (known) known.statements.push({ stated, policy: ref })
      else byPath.set(pattern.text, { pattern, statements: [{ stated, policy: ref }] })
    }
  }
  const rules = [...byPath.values()].map(({ pattern, statements }) => ruleOf(pattern, statements))
  const denying = rules.filter(rule => rule.mask === BIT.deny)
  return {
    root: root && { name: root.name, namespace: root.namespace },
    rules,
    validUntil,
    tree: plant(rules),
    denials: denying.length === 0 ? undefined : plant(denying, true),
  }
}

function patternFor(stated: PathRule, identity: Identity | undefined, prefix: string): Pattern | undefined {
  if (stated.template === undefined) {
    return prefix === "" || stated.pattern === undefined ? stated.pattern : parsePattern(prefix + stated.pattern.text)
  }
  const path = fillTemplate(stated.template, identity)
  return path === undefined ? undefined : parsePattern(prefix + path)
}

/** What all statements about one path come to: rights add up, bounds take the lowest, and one `deny` leaves nothing else. */
function ruleOf(pattern: Pattern, statements: readonly Statement[]): Rule {
  const sources = statements.map(({ stated, policy }) => ({
    policy,
    line: stated.line,
    capabilities: capabilitiesOf(stated.mask),
    mask: stated.mask,
  }))
  const rights = statements.reduce((mask, { stated }) => mask | stated.mask, 0)
  if ((rights & BIT.deny) !== 0) return { pattern, mask: BIT.deny, sources, ...UNCONDITIONAL }
  const stated = statements.map(one => one.stated)
  return { pattern, mask: rights, sources, ...(stated.length === 1 ? conditionsOf(stated[0]) : merge(stated)) }
}

const UNCONDITIONAL: Conditions = {
  allowedParameters: undefined,
  deniedParameters: undefined,
  requiredParameters: [],
  minWrappingTtl: 0,
  maxWrappingTtl: 0,
  mfaMethods: [],
  controlGroup: undefined,
  paginationLimit: 0,
  responseKeysFilterPath: "",
}

const conditionsOf = (stated: Conditions = UNCONDITIONAL): Conditions => ({
  allowedParameters: stated.allowedParameters,
  deniedParameters: stated.deniedParameters,
  requiredParameters: stated.requiredParameters,
  minWrappingTtl: stated.minWrappingTtl,
  maxWrappingTtl: stated.maxWrappingTtl,
  mfaMethods: stated.mfaMethods,
  controlGroup: stated.controlGroup,
  paginationLimit: stated.paginationLimit,
  responseKeysFilterPath: stated.responseKeysFilterPath,
})

const merge = (stated: readonly Conditions[]): Conditions => ({
  allowedParameters: mergeParameters(stated.map(one => one.allowedParameters)),
  deniedParameters: mergeParameters(stated.map(one => one.deniedParameters)),
  requiredParameters: [...new Set(stated.flatMap(one => one.requiredParameters))],
  minWrappingTtl: lowest(stated.map(one => one.minWrappingTtl)),
  maxWrappingTtl: lowest(stated.map(one => one.maxWrappingTtl)),
  mfaMethods: [...new Set(stated.flatMap(one => one.mfaMethods))],
  controlGroup: stated.find(one => one.controlGroup !== undefined)?.controlGroup,
  paginationLimit: lowest(stated.map(one => one.paginationLimit)),
  responseKeysFilterPath: stated.find(one => one.responseKeysFilterPath !== "")?.responseKeysFilterPath ?? "",
})

/** The lowest of some bounds, 0 being none. */
const lowest = (bounds: readonly number[]): number =>
  bounds.reduce((least, bound) => (bound === 0 ? least : least === 0 ? bound : Math.min(least, bound)), 0)

function mergeParameters(all: readonly (ParameterRules | undefined)[]): ParameterRules | undefined {
  const merged = new Map<string, Plain[]>()
  for (const rules of all) {
    for (const [name, values] of rules ?? []) {
      const known = merged.get(name)
      if (known === undefined) merged.set(name, [...values])
      // No values means any value, and that swallows all others.
      else if (values.length === 0) known.length = 0
      else if (known.length > 0) for (const value of values) known.push(value)
    }
  }
  return merged.size === 0 ? undefined : merged
}

/**
 * The rule that decides about a path, undefined when no rule speaks of it. `listing` is for LIST and SCAN, where a rule for
 * `a/b` also speaks of `a/b/`.
 */
export function ruleFor(acl: Acl, requested: string, listing: boolean): Rule | undefined {
  const path = requested.startsWith("/") ? requested.replace(/^\/+/, "") : requested
  if (!listing || !path.endsWith("/")) return exactRule(acl, path) ?? broadRule(acl, path)
  const trimmed = path.slice(0, -1)
  return exactRule(acl, path) ?? exactRule(acl, trimmed) ?? broadRule(acl, trimmed) ?? broadRule(acl, path)
}

// A denial that differs from the path only in case wins against a rule of the same rank: it is better to refuse.
const exactRule = (acl: Acl, path: string): Rule | undefined =>
  acl.denials?.exact.get(path.toLowerCase()) ?? acl.tree.exact.get(path)

function broadRule(acl: Acl, path: string): Rule | undefined {
  const rule = bestMatch(acl.tree, path)
  const denial = acl.denials && bestMatch(acl.denials, path.toLowerCase())
  if (rule === undefined || denial === undefined) return rule ?? denial
  return rank(rule.pattern, denial.pattern).order > 0 && !sameFolded(rule.pattern, denial.pattern) ? rule : denial
}

const sameFolded = (a: Pattern, b: Pattern): boolean => a.text.toLowerCase() === b.text.toLowerCase()

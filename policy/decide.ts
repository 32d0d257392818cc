/** May this caller do that? The answer is a value; whoever asks refuses, audits and counts. */

import { type Acl, type PolicyRef, type Rule, ruleFor } from "./acl.ts"
import { BIT, type Capability, type ControlGroup, capabilitiesOf } from "./document.ts"
import { objection, type ParameterReason, type Parameters } from "./parameters.ts"
import { canMeet } from "./pattern.ts"

export type Operation = "read" | "list" | "scan" | "create" | "update" | "delete" | "patch" | "help"

/** What is asked of an `Acl`. */
export interface Question {
  /** From the namespace of the policies, without `/v1/`; LIST and SCAN end in a slash. A leading slash is ignored. */
  readonly path: string
  readonly operation: Operation
  /** The route is for callers with `sudo` only. */
  readonly sudoRequired?: boolean
  /** Body and query together. Left out, nothing is asked about parameters (what the path allows in general). */
  readonly parameters?: Parameters
  /** The time asked for by X-Vault-Wrap-TTL; undefined or 0 for an answer that is not wrapped. */
  readonly wrapTtlSeconds?: number
}

export type Reason =
  | { readonly kind: "root" }
  | { readonly kind: "help" }
  | { readonly kind: "granted"; readonly capability: Capability }
  | { readonly kind: "no-rule" }
  | { readonly kind: "denied-by-rule" }
  | { readonly kind: "missing-capability"; readonly capability: Capability }
  | { readonly kind: "missing-sudo" }
  | { readonly kind: "wrapping-ttl"; readonly minSeconds: number; readonly maxSeconds: number }
  | { readonly kind: "limit-required" }
  | { readonly kind: "limit-too-high"; readonly limit: number }
  | ParameterReason

export interface Verdict {
  readonly allowed: boolean
  /** By the root policy. */
  readonly root: boolean
  /** The caller has sudo here (root has it everywhere). */
  readonly sudo: boolean
  readonly reason: Reason
  /** The rule that decided; undefined for root, help and where no rule speaks of the path. */
  readonly rule: Rule | undefined
  /** Allowed: the policies that give the capability. Denied: those that the rule comes from. */
  readonly policies: readonly PolicyRef[]
  /** LIST and SCAN: what `limit` has to be taken for, when it is not what the request says (0: all). */
  readonly limit: number | undefined
  /** LIST and SCAN: the most keys to return at once. */
  readonly paginationLimit: number | undefined
  /** LIST and SCAN: show only keys that the caller may use at this path (a template of `.path` and `.key`). */
  readonly responseKeysFilterPath: string | undefined
  /** MFA methods (by name) that the rule demands, for the asker to enforce. */
  readonly mfaMethods: readonly string[]
  /** The approvals that the rule demands, for the asker to enforce. */
  readonly controlGroup: ControlGroup | undefined
}

const REFUSED: Verdict = {
  allowed: false,
  root: false,
  sudo: false,
  reason: { kind: "no-rule" },
  rule: undefined,
  policies: [],
  limit: undefined,
  paginationLimit: undefined,
  responseKeysFilterPath: undefined,
  mfaMethods: [],
  controlGroup: undefined,
}

const isListing = (operation: Operation): boolean => operation === "list" || operation === "scan"

/** The verdict on one request. Never throws. */
export function decide(acl: Acl, question: Question): Verdict {
  const { operation } = question
  if (acl.root) {
    return { ...REFUSED, allowed: true, root: true, sudo: true, reason: { kind: "root" }, policies: [acl.root] }
  }
  if (operation === "help") return { ...REFUSED, allowed: true, reason: { kind: "help" } }
  const rule = ruleFor(acl, question.path, isListing(operation))
  if (rule === undefined) return REFUSED
  const paging = isListing(operation) ? pageOf(rule, question.parameters) : UNPAGED
  const reason = rightReason(rule, question) ?? conditionReason(rule, question) ?? paging.reason
  const policies = reason === undefined ? granting(rule, BIT[operation]) : rule.sources.map(source => source.policy)
  return {
    allowed: reason === undefined,
    root: false,
    sudo: (rule.mask & BIT.sudo) !== 0,
    reason: reason ?? { kind: "granted", capability: operation },
    rule,
    policies,
    limit: paging.limit,
    paginationLimit: isListing(operation) && rule.paginationLimit > 0 ? rule.paginationLimit : undefined,
    responseKeysFilterPath: (isListing(operation) && rule.responseKeysFilterPath) || undefined,
    mfaMethods: rule.mfaMethods,
    controlGroup: rule.controlGroup,
  }
}

const granting = (rule: Rule, bit: number): PolicyRef[] =>
  rule.sources.filter(source => (source.mask & bit) !== 0).map(source => source.policy)

/** What speaks against it whatever the request holds: this much `capabilities` tells. */
function rightReason(rule: Rule, { operation, sudoRequired }: Question): Reason | undefined {
  if ((rule.mask & BIT.deny) !== 0) return { kind: "denied-by-rule" }
  if (operation !== "help" && (rule.mask & BIT[operation]) === 0)
    return { kind: "missing-capability", capability: operation }
  return sudoRequired && (rule.mask & BIT.sudo) === 0 ? { kind: "missing-sudo" } : undefined
}

/** What speaks against this request's wrapping and parameters. */
function conditionReason(rule: Rule, question: Question): Reason | undefined {
  const { minWrappingTtl: minSeconds, maxWrappingTtl: maxSeconds } = rule
  const wrap = question.wrapTtlSeconds ?? 0
  if (minSeconds > 0 || maxSeconds > 0) {
    // Merging can leave bounds that exclude each other; then nothing fits, as it should.
    const fits = wrap > 0 && wrap >= minSeconds && (maxSeconds === 0 || wrap <= maxSeconds)
    if (!fits) return { kind: "wrapping-ttl", minSeconds, maxSeconds }
  }
  const checked = !isListing(question.operation) && question.operation !== "delete"
  return checked && question.parameters !== undefined ? objection(rule, question.parameters) : undefined
}

interface Paging {
  readonly limit: number | undefined
  readonly reason: Reason | undefined
}

const UNPAGED: Paging = { limit: undefined, reason: undefined }

/** How a rule's pagination limit meets the request's `limit`: absent, 0 and `max` mean as much as is allowed. */
function pageOf({ paginationLimit, requiredParameters }: Rule, parameters: Parameters | undefined): Paging {
  if (parameters === undefined) return UNPAGED
  const asked = Object.hasOwn(parameters, "limit") ? parameters.limit : undefined
  if (paginationLimit === 0) return asked === "max" ? { limit: 0, reason: undefined } : UNPAGED
  if (asked === undefined) {
    const required = requiredParameters.some(name => name.toLowerCase() === "limit")
    return required ? { ...UNPAGED, reason: { kind: "limit-required" } } : { ...UNPAGED, limit: paginationLimit }
  }
  const wanted = asked === "max" ? 0 : integer(asked)
  if (wanted === undefined || wanted < 0 || wanted > paginationLimit) {
    return { ...UNPAGED, reason: { kind: "limit-too-high", limit: paginationLimit } }
  }
  return { ...UNPAGED, limit: wanted === 0 ? paginationLimit : wanted }
}

function integer(value: unknown): number | undefined {
  const text = String(value)
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

const LISTING_BITS = BIT.list | BIT.scan

/** What `sys/capabilities` tells of a path: sorted, `["root"]` for root, `["deny"]` for nothing. */
export function capabilities(acl: Acl, path: string): string[] {
  if (acl.root) return ["root"]
  const plain = ruleFor(acl, path, false)
  const listing = ruleFor(acl, path, true)
  // LIST and SCAN may be decided by another rule than the rest; sudo is told of the one that decides the rest.
  const rest = (plain?.mask ?? 0) & ~LISTING_BITS
  const sudo = (plain ?? listing)?.mask ?? 0
  const mask = (rest | ((listing?.mask ?? 0) & LISTING_BITS) | (sudo & BIT.sudo)) & ~BIT.deny
  return mask === 0 ? ["deny"] : capabilitiesOf(mask)
}

/** Whether any rule allows anything at or below a prefix (`secret/`): who may see that a mount is there. */
export function reaches(acl: Acl, prefix: string): boolean {
  if (acl.root) return true
  return acl.rules.some(rule => (rule.mask & ~BIT.deny) !== 0 && canMeet(rule.pattern, prefix))
}

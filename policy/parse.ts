/** Policy texts, HCL or JSON, to documents. Every complaint names a line; what is legal but surely not meant is a warning. */

import { parseDuration } from "@arca/api"
import {
  attribute,
  blocks,
  checkKeys,
  DEFAULT_LIMITS,
  type HclBlock,
  HclError,
  type HclItem,
  type HclPlain,
  nearest,
  parseHcl,
  plain,
  readBool,
  readInteger,
  readString,
  readStrings,
} from "@arca/hcl"
import {
  BIT,
  CAPABILITIES,
  type Capability,
  type ControlGroup,
  type ControlGroupFactor,
  type ParameterRules,
  type PathRule,
  type PolicyDocument,
} from "./document.ts"
import { parsePattern } from "./pattern.ts"
import { isSelector, parseTemplate, type Template } from "./template.ts"

/** The longest policy, in characters, and the most `path` blocks of one. */
export const MAX_POLICY_LENGTH = 1024 * 1024
export const MAX_POLICY_RULES = 10_000

export interface ParsedPolicy {
  readonly policy: PolicyDocument
  /** Sentences for the author, each with its line. */
  readonly warnings: string[]
}

const POLICY_KEYS = ["name", "path"]

const PATH_KEYS = [
  "comment",
  "policy",
  "capabilities",
  "allowed_parameters",
  "denied_parameters",
  "required_parameters",
  "min_wrapping_ttl",
  "max_wrapping_ttl",
  "mfa_methods",
  "pagination_limit",
  "expiration",
  "list_scan_response_keys_filter_path",
  "control_group",
]

/** The `policy` key of before capabilities. */
const OLD_POLICIES: ReadonlyMap<string, readonly Capability[]> = new Map<string, readonly Capability[]>([
  ["deny", ["deny"]],
  ["read", ["read", "list"]],
  ["write", ["create", "read", "update", "delete", "list"]],
  ["sudo", ["create", "read", "update", "delete", "list", "sudo"]],
])

/** Reads a policy. Throws `HclError` with line and column for anything that is not Vault's policy language. */
export function parsePolicy(text: string): ParsedPolicy {
  const file = parseHcl(text, { ...DEFAULT_LIMITS, maxLength: MAX_POLICY_LENGTH })
  checkKeys(file, POLICY_KEYS, "a policy")
  const stated = blocks(file, "path", 1)
  const excess = stated[MAX_POLICY_RULES]
  if (excess) throw new HclError(`A policy has at most ${MAX_POLICY_RULES} paths; there is one more`, excess.position)
  const warnings: string[] = []
  const rules = stated.map(block => parseRule(block, warnings))
  const name = attribute(file, "name")
  return {
    policy: {
      name: name && readString(name),
      rules,
      templated: rules.some(rule => rule.template !== undefined),
    },
    warnings,
  }
}

function parseRule({ labels: [label = ""], body, position }: HclBlock, warnings: string[]): PathRule {
  const where = `path "${label}"`
  const { line } = position
  const warn = (text: string) => warnings.push(`${where} in line ${line}: ${text}`)
  checkKeys(body, PATH_KEYS, where)
  const path = label.startsWith("/") ? label.slice(1) : label
  const template = parsePath(path, position, warn)
  const read = <T>(name: string, reader: (item: HclItem) => T, otherwise: T): T => {
    const item = attribute(body, name)
    return item === undefined ? otherwise : reader(item)
  }
  const minWrappingTtl = read("min_wrapping_ttl", readSeconds, 0)
  const maxWrappingTtl = read("max_wrapping_ttl", readSeconds, 0)
  if (maxWrappingTtl > 0 && maxWrappingTtl < minWrappingTtl) {
    throw new HclError(`In ${where} max_wrapping_ttl is less than min_wrapping_ttl`, position)
  }
  return {
    path,
    line,
    pattern: template === undefined ? parsePattern(path) : undefined,
    template,
    mask: readMask(body, warn),
    comment: read("comment", readString, ""),
    expiration: read("expiration", readTime, undefined),
    allowedParameters: readParameters(body, "allowed_parameters", warn),
    deniedParameters: readParameters(body, "denied_parameters", warn),
    requiredParameters: read("required_parameters", readStrings, []),
    minWrappingTtl,
    maxWrappingTtl,
    mfaMethods: read("mfa_methods", readStrings, []),
    controlGroup: readControlGroup(body),
    paginationLimit: read("pagination_limit", readCount, 0),
    responseKeysFilterPath: read("list_scan_response_keys_filter_path", readString, ""),
  }
}

type Body = HclBlock["body"]
type Warn = (text: string) => void

function parsePath(path: string, position: HclBlock["position"], warn: Warn): Template | undefined {
  const template = parseTemplate(path)
  if (template === "unbalanced") throw new HclError(`In path "${path}" the {{ and }} do not pair up`, position)
  for (const selector of template?.selectors ?? []) {
    if (!isSelector(selector)) warn(`{{${selector}}} never has a value, so the rule never applies`)
  }
  const fixed = template === undefined ? path : template.texts.join("x")
  if (/[\u0000-\u001f\u007f]/.test(fixed)) throw new HclError("A path cannot hold control characters", position)
  if (fixed.includes("+*"))
    throw new HclError(`In path "${path}" the wildcard "+*" is forbidden; write "+/*" or "*"`, position)
  if (/\*./s.test(fixed)) warn('"*" stands for anything only at the end of a path; here it is an ordinary character')
  if (fixed.split("/").some(segment => segment !== "+" && segment.includes("+"))) {
    warn('"+" stands for a segment only when it is all of it; here it is an ordinary character')
  }
  return template
}

function readMask(body: Body, warn: Warn): number {
  const old = attribute(body, "policy")
  const item = attribute(body, "capabilities")
  const given = new Set<Capability>(old ? readOldPolicy(old) : [])
  if (item) for (const one of readCapabilities(item)) given.add(one)
  if (given.size === 0) warn("it has no capabilities, so it takes away what broader rules give")
  if (!given.has("deny")) return [...given].reduce((mask, one) => mask | BIT[one], 0)
  if (given.size > 1) warn('"deny" leaves nothing of its other capabilities')
  return BIT.deny
}

function readOldPolicy(item: HclItem): readonly Capability[] {
  const name = readString(item)
  const meant = OLD_POLICIES.get(name)
  if (meant === undefined)
    throw new HclError(`"policy" is deny, read, write or sudo, not "${name}"`, item.value.position)
  return meant
}

function readCapabilities(item: HclItem): Capability[] {
  const names = readStrings(item)
  return names.map((name, index) => {
    const known = CAPABILITIES.find(one => one === name)
    if (known !== undefined) return known
    const { value } = item
    const place = (value.kind === "list" ? value.elements[index]?.position : undefined) ?? item.position
    const near = nearest(name, CAPABILITIES)
    throw new HclError(`Unknown capability "${name}"${near ? `, did you mean "${near}"?` : ""}`, place)
  })
}

function readSeconds(item: HclItem): number {
  const text = readString(item)
  const seconds = parseDuration(text)
  if (seconds !== undefined && seconds >= 0) return seconds
  throw new HclError(
    `"${item.keys[0]?.name}" needs a duration such as "90s" or "1h", not "${text}"`,
    item.value.position,
  )
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

function readTime(item: HclItem): number | undefined {
  const text = readString(item)
  if (text === "") return undefined
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : RFC3339.test(text) ? Date.parse(text) / 1000 : Number.NaN
  if (!Number.isNaN(seconds)) return seconds
  throw new HclError(`"expiration" needs a time such as "2027-01-31T00:00:00Z", not "${text}"`, item.value.position)
}

function readCount(item: HclItem): number {
  const count = readInteger(item)
  if (count >= 0) return count
  throw new HclError(`"${item.keys[0]?.name}" cannot be negative`, item.value.position)
}

/** `allowed_parameters = { "name" = ["value", …] }`, with `=` or as a block. */
function readParameters(body: Body, name: string, warn: Warn): ParameterRules | undefined {
  const rules = new Map<string, HclPlain[]>()
  for (const { keys, value } of body.items) {
    if (keys[0]?.name === name && value.kind === "list" && value.elements.length === 0)
      throw new HclError(`"${name}" needs a map of parameters, found a list`, value.position)
  }
  for (const block of blocks(body, name)) {
    for (const { keys, value, position } of block.body.items) {
      const parameter = (keys[0]?.name ?? "").toLowerCase()
      if (value.kind !== "list" || keys.length !== 1) {
        throw new HclError(`"${parameter}" in ${name} needs a list of values ([] for any value)`, position)
      }
      if (rules.has(parameter)) throw new HclError(`"${parameter}" in ${name} is set twice`, position)
      const values = value.elements.map(plain)
      if (values.includes("*")) warn(`in ${name} a lone "*" is only itself; [] stands for any value of "${parameter}"`)
      rules.set(parameter, values)
    }
  }
  return rules.size === 0 ? undefined : rules
}

function readControlGroup(body: Body): ControlGroup | undefined {
  const [block] = blocks(body, "control_group")
  if (block === undefined) return undefined
  checkKeys(block.body, ["ttl", "self_auth_allowed", "factor"], "control_group")
  const ttl = attribute(block.body, "ttl")
  const alone = attribute(block.body, "self_auth_allowed")
  return {
    ttlSeconds: ttl ? readSeconds(ttl) : 0,
    selfAuthorizationAllowed: alone ? readBool(alone) : false,
    factors: blocks(block.body, "factor", 1).map(readFactor),
  }
}

function readFactor({ labels: [name = ""], body }: HclBlock): ControlGroupFactor {
  checkKeys(body, ["controlled_capabilities", "identity"], `factor "${name}"`)
  const controlled = attribute(body, "controlled_capabilities")
  const [identity] = blocks(body, "identity")
  if (identity) checkKeys(identity.body, ["group_names", "group_ids", "approvals"], "identity")
  const item = (key: string) => identity && attribute(identity.body, key)
  const [names, ids, approvals] = [item("group_names"), item("group_ids"), item("approvals")]
  return {
    name,
    controlledCapabilities: controlled ? readStrings(controlled) : [],
    groupNames: names ? readStrings(names) : [],
    groupIds: ids ? readStrings(ids) : [],
    approvals: approvals ? readCount(approvals) : 0,
  }
}

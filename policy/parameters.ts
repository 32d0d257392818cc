/** Rules about a request's parameters: which must be there, which must not, and with which values. */

import { isRawNumber, rawNumberText } from "@arca/api"
import type { Conditions, ParameterRules, Plain } from "./document.ts"

/** A request's parameters, as parsed from body and query. */
export type Parameters = Readonly<Record<string, unknown>>

export type ParameterReason =
  | { readonly kind: "parameter-required"; readonly parameter: string }
  | { readonly kind: "parameter-denied"; readonly parameter: string }
  | { readonly kind: "parameter-not-allowed"; readonly parameter: string }

/** The first objection of a rule to the parameters; undefined when there is none. Names compare without case. */
export function objection(rule: Conditions, parameters: Parameters): ParameterReason | undefined {
  const missing = rule.requiredParameters.find(name => isMissing(parameters, name.toLowerCase()))
  if (missing !== undefined) return { kind: "parameter-required", parameter: missing }
  const names = Object.keys(parameters)
  const denied = rule.deniedParameters && names.find(name => isDenied(rule.deniedParameters, name, parameters[name]))
  if (denied !== undefined) return { kind: "parameter-denied", parameter: denied }
  const strange =
    rule.allowedParameters && names.find(name => !isAllowed(rule.allowedParameters, name, parameters[name]))
  return strange === undefined ? undefined : { kind: "parameter-not-allowed", parameter: strange }
}

// A required parameter that says nothing is a way around the requirement: null and "" do not count.
function isMissing(parameters: Parameters, name: string): boolean {
  if (!Object.hasOwn(parameters, name)) return true
  const value = parameters[name]
  return value === undefined || value === null || value === ""
}

function isDenied(rules: ParameterRules | undefined, name: string, value: unknown): boolean {
  if (rules === undefined || rules.size === 0) return false
  if (rules.has("*")) return true
  const values = rules.get(name.toLowerCase())
  return values !== undefined && (values.length === 0 || values.some(denied => meansSame(denied, value)))
}

function isAllowed(rules: ParameterRules | undefined, name: string, value: unknown): boolean {
  if (rules === undefined || rules.size === 0) return true
  const values = rules.get(name.toLowerCase())
  if (values === undefined) return rules.has("*")
  return values.length === 0 || values.some(allowed => equals(allowed, value))
}

/** Equality of type and value; strings may begin or end in `*`. */
function equals(stated: Plain, value: unknown): boolean {
  if (typeof stated === "string") return typeof value === "string" && globMatches(stated, value)
  if (typeof stated === "number" || typeof stated === "bigint") return numberText(value) === String(stated)
  if (stated === null || typeof stated === "boolean") return value === stated
  if (stated instanceof Map) return equalsMap(stated, value)
  return Array.isArray(stated) && equalsList(stated, value)
}

const equalsList = (stated: readonly Plain[], value: unknown): boolean =>
  Array.isArray(value) && value.length === stated.length && stated.every((one, index) => equals(one, value[index]))

function equalsMap(stated: ReadonlyMap<string, Plain>, value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isRawNumber(value)) return false
  const entries = Object.entries(value)
  return entries.length === stated.size && entries.every(([name, one]) => equals(stated.get(name) ?? null, one))
}

/** A number's canonical text, so that 5, 5.0 and 5e0 are one; undefined for what is no number. */
function numberText(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "bigint") return String(value)
  if (!isRawNumber(value)) return undefined
  const text = rawNumberText(value)
  return /^-?\d+$/.test(text) ? String(BigInt(text)) : String(Number(text))
}

/**
 * Whether a value would be taken for the denied one, after the coercions that every parameter goes through: `"true"` is
 * true, `"5"` is 5, and `"a,b"` or a list holds `a`. Wider than equality, or a denial could be written around.
 */
function meansSame(denied: Plain, value: unknown): boolean {
  if (equals(denied, value)) return true
  if (Array.isArray(value)) return value.some(one => meansSame(denied, one))
  if (typeof denied === "object") return false
  const text = typeof value === "string" ? value.trim() : (numberText(value) ?? String(value))
  if (typeof denied === "boolean") return (denied ? TRUE_TEXTS : FALSE_TEXTS).has(text)
  const texts = text.includes(",") ? [text, ...text.split(",").map(one => one.trim())] : [text]
  if (typeof denied === "string") return texts.some(one => globMatches(denied, one))
  return texts.some(one => one !== "" && Number(one) === Number(denied))
}

// What Go's strconv.ParseBool takes.
const TRUE_TEXTS: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"])
const FALSE_TEXTS: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"])

/** `*x`, `x*` and `*x*`; a lone `*` is only itself, as in Vault. */
function globMatches(glob: string, text: string): boolean {
  if (glob.length < 2) return glob === text
  const open = glob.startsWith("*")
  const close = glob.endsWith("*")
  if (open && close) return text.includes(glob.slice(1, -1))
  if (open) return text.endsWith(glob.slice(1))
  return close ? text.startsWith(glob.slice(0, -1)) : text === glob
}

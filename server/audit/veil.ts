/** Request and response data as JSON text in which strings are replaced by their HMACs. */

import { isRawNumber, rawNumberText } from "@arca/api"
import { quote, tail } from "./json-text.ts"
import type { AuditData } from "./record.ts"

export interface Veil {
  hash(value: string): string
  /** Strings directly under these keys, at any depth, stay in clear. */
  readonly nonHmac: readonly string[]
}

/**
 * The text of `data`: in clear without a veil; otherwise strings are hashed, save under the `plain` keys at its top.
 * Numbers, booleans, null and keys are never hidden. With `elide`, of `keys` and `key_info` only their number is given.
 */
export function veiled(
  data: AuditData,
  veil: Veil | undefined,
  plain: ReadonlySet<string> | undefined,
  elide: boolean,
): string {
  let text = ""
  for (const key of keysOf(data)) {
    const value = valueAt(data, key)
    const count = elide ? elided(key, value) : undefined
    const shown = count ?? valueText(value, plain?.has(key) ? undefined : veil, key)
    if (shown !== undefined) text += `,${quote(key)}:${shown}`
  }
  return `{${tail(text)}}`
}

/** Of a listing, how many keys there were. */
function elided(key: string, value: unknown): string | undefined {
  if (key === "keys" && Array.isArray(value)) return String(value.length)
  if (key === "key_info" && isTree(value)) return String(keysOf(value).length)
  return undefined
}

/** Undefined for what JSON leaves out of an object. `key` is the nearest key above the value. */
function valueText(value: unknown, veil: Veil | undefined, key: string): string | undefined {
  switch (typeof value) {
    case "string":
      return stringText(value, veil, key)
    case "number":
      return Number.isFinite(value) ? String(value) : "null"
    case "boolean":
    case "bigint":
      return String(value)
    case "object":
      return value === null ? "null" : objectText(value, veil, key)
    default:
      return undefined
  }
}

const stringText = (value: string, veil: Veil | undefined, key: string): string =>
  veil === undefined || veil.nonHmac.includes(key) || isTimestamp(value) ? quote(value) : `"${veil.hash(value)}"`

function objectText(value: object, veil: Veil | undefined, key: string): string | undefined {
  if (Array.isArray(value)) {
    let text = ""
    for (const element of value) text += `,${valueText(element, veil, key) ?? "null"}`
    return `[${tail(text)}]`
  }
  if (isTree(value)) {
    let text = ""
    for (const name of keysOf(value)) {
      const shown = valueText(valueAt(value, name), veil, name)
      if (shown !== undefined) text += `,${quote(name)}:${shown}`
    }
    return `{${tail(text)}}`
  }
  if (isRawNumber(value)) return rawNumberText(value)
  // Go's JSON gives bytes as base64, and that is what is hashed.
  if (value instanceof Uint8Array) return stringText(Buffer.from(value).toString("base64"), veil, key)
  // Times, and whatever else says itself how it stands in JSON.
  return "toJSON" in value && typeof value.toJSON === "function" ? valueText(value.toJSON(), veil, key) : undefined
}

/** Objects that are nothing but keys and values. Raw numbers and instances of classes are none. */
function isTree(value: unknown): value is AuditData {
  if (typeof value !== "object" || value === null) return false
  if (value instanceof Map) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || (prototype === null && !isRawNumber(value))
}

/** In order, as Go writes maps: so the same data always gives the same text. */
function keysOf(data: AuditData): string[] {
  const keys = data instanceof Map ? [...data.keys()] : Object.keys(data)
  return keys.length > FEW ? keys.sort() : fewSorted(keys)
}

const FEW = 16

/** By insertion, in place: most keys are in order already, and the built-in sort makes working space for itself each time. */
function fewSorted(keys: string[]): string[] {
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] ?? ""
    let place = at
    for (; place > 0 && (keys[place - 1] ?? "") > key; place--) keys[place] = keys[place - 1] ?? ""
    keys[place] = key
  }
  return keys
}

const valueAt = (data: AuditData, key: string): unknown => (isMap(data) ? data.get(key) : data[key])

const isMap = (data: AuditData): data is ReadonlyMap<string, unknown> => data instanceof Map

const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** A point in time is no secret, and auditors look for it: it stays in clear, as in OpenBao. */
const isTimestamp = (value: string): boolean =>
  value.length >= 20 && value.length <= 35 && value.charCodeAt(10) === 0x54 && RFC3339.test(value)

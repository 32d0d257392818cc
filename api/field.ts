/**
 * Field kinds: how a value of a request is named, read and described.
 *
 * Reading is as lenient as Vault's (`"5"` is 5, `"true"` is true, `"a,b"` is a list, `"1h"` is 3600 seconds). From the same
 * declaration come the handler's types, OpenAPI, help, documentation, forms and what the audit hides.
 */

import { parseDuration } from "./duration.ts"
import { isRawNumber, type Json, type JsonObject, rawNumberText } from "./json.ts"
import { refuse } from "./refusal.ts"
import type { Verb } from "./route.ts"

/** The wire name of a kind; clients and forms see `openapi` and `format`. */
export interface Kind<T> {
  readonly name: string
  readonly openapi: "string" | "integer" | "number" | "boolean" | "array" | "object" | "any"
  readonly format?: string
  /** What a path parameter of this kind matches, as a regular expression. Segment names unless told otherwise. */
  readonly pattern?: string
  /** The value, or a sentence that says why it is none (without quoting a secret). */
  readonly read: (raw: Json) => T | Unreadable
  /** Null says nothing about the field; otherwise it is the kind's empty value. */
  readonly nullIsAbsent?: boolean
  /** How the value stands in JSON replies; the identity unless told otherwise. */
  readonly write?: (value: T) => Json
}

export class Unreadable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export interface FieldOptions<T> {
  /** What the handler sees when the request says nothing. */
  readonly default?: T
  /** The request is refused without it. */
  readonly required?: boolean
  /** Never shown again: masked in replies made from records, in forms and in logs. */
  readonly secret?: boolean
  /** Not HMACed in the audit: the value is no secret, and auditors search for it. */
  readonly plain?: boolean
  /** Still accepted; the text says what to use instead. */
  readonly deprecated?: string
  /** Older names of the field that clients still send. */
  readonly alias?: readonly string[]
  readonly choices?: readonly T[]
  /** What a value that is no choice is refused with, where clients know Vault's words. `%q` stands for the value. */
  readonly otherwise?: string
  /** Taken from the query string, by the verbs that have no body. */
  readonly query?: boolean
  /**
   * The verbs that take it; those that write, unless told otherwise. A verb without a body takes it from the query string.
   * It is what documentation and clients go by; reading is lenient.
   */
  readonly verbs?: readonly Verb[]
  /** In a reply: it may be left out, or null. */
  readonly optional?: boolean
  /** Forms show fields of one group together: `Tokens`. */
  readonly group?: string
  /** A path parameter's regular expression, when the kind's own does not fit. */
  readonly pattern?: string
}

export interface Field<T> {
  readonly kind: Kind<unknown>
  readonly summary: string
  readonly options: FieldOptions<unknown>
  /** Carries the type only; never present. */
  readonly type?: T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer T> ? T : never
/** The handler's input: what each declared field reads as. */
export type Values<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> }

type Present<O> = O extends { default: unknown } | { required: true } ? true : false

function kindOf<T>(kind: Kind<T>) {
  return <const O extends FieldOptions<T>>(
    summary: string,
    options?: O,
  ): Field<Present<O> extends true ? T : T | undefined> => ({
    kind: kind as Kind<unknown>,
    summary,
    options: (options ?? {}) as FieldOptions<unknown>,
  })
}

/** Text of a scalar as Vault's weak decoding sees it. */
function scalarText(raw: Json): string | undefined {
  if (typeof raw === "string") return raw
  if (typeof raw === "number") return String(raw)
  if (typeof raw === "boolean") return raw ? "1" : "0"
  return isRawNumber(raw) ? rawNumberText(raw) : undefined
}

const readString = (raw: Json): string | Unreadable => {
  if (raw === null) return ""
  return scalarText(raw) ?? new Unreadable("expected a string")
}

/** An integer as Go's literals: `010` is 8, `1_000` a thousand. */
const INTEGER = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/

const readInt = (raw: Json): number | Unreadable => {
  if (raw === null || raw === "") return 0
  const text = scalarText(raw) ?? ""
  const [, sign, digits = ""] = INTEGER.exec(text) ?? []
  const plain = digits.replaceAll("_", "").replace(/^0(?=[0-7])/, "0o")
  const value = plain === "" ? Number.NaN : Number(plain) * (sign === "-" ? -1 : 1)
  return Number.isSafeInteger(value) ? value + 0 : new Unreadable("expected an integer")
}

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"])
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False", ""])

const readBool = (raw: Json): boolean | Unreadable => {
  if (raw === null) return false
  const text = scalarText(raw)
  if (text !== undefined && TRUE.has(text)) return true
  return text !== undefined && FALSE.has(text) ? false : new Unreadable("expected a boolean")
}

const readFloat = (raw: Json): number | Unreadable => {
  const text = scalarText(raw)?.trim() ?? ""
  const value = text === "" ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : new Unreadable("expected a number")
}

function readSeconds(raw: Json): number | Unreadable {
  if (raw === null || raw === "") return 0
  const text = scalarText(raw)
  const seconds = text === undefined || typeof raw === "boolean" ? undefined : parseDuration(text)
  return seconds ?? new Unreadable("expected a duration such as 90, 30m or 24h")
}

/** Whole seconds. Less than one is one, for 0 says something else: `0.5s` is not "no limit". */
const readSignedDuration = (raw: Json): number | Unreadable => {
  const seconds = readSeconds(raw)
  return typeof seconds === "number" ? Math.trunc(seconds) || Math.sign(seconds) : seconds
}

const readDuration = (raw: Json): number | Unreadable => {
  const seconds = readSeconds(raw)
  if (typeof seconds !== "number") return seconds
  return seconds < 0 ? new Unreadable(`cannot provide negative value '${Math.trunc(seconds)}'`) : Math.trunc(seconds)
}

const readTime = (raw: Json): number | Unreadable => {
  const text = scalarText(raw)
  if (text === undefined) return new Unreadable("expected a time in RFC 3339 form")
  // With a fraction as well: what is stored of a moment must be read again.
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : new Unreadable("expected a time in RFC 3339 form")
}

/** What clients in languages without maps of their own (PHP) send for an empty one. */
const isEmptyList = (raw: Json): boolean => Array.isArray(raw) && raw.length === 0

const readList =
  (split: boolean) =>
  (raw: Json): string[] | Unreadable => {
    if (holdsNothing(raw)) return []
    if (Array.isArray(raw)) return textsOf(raw, split)
    const text = scalarText(raw)
    if (text === undefined) return new Unreadable("expected a list")
    return split ? tidyItems(text.split(",")) : [text.trim()]
  }

/** An address, or a network in CIDR form, of IPv4 or IPv6. */
function isNetwork(text: string): boolean {
  const [address = "", bits, ...more] = text.split("/")
  const isV4 = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(address)
  const isV6 = /^[\da-f:.]*:[\da-f:.]*$/i.test(address) && URL.canParse(`http://[${address}]`)
  if (more.length > 0 || !(isV4 || isV6)) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isV4 ? 32 : 128))
}

const readNetworks = (raw: Json): string[] | Unreadable => {
  const texts = readList(true)(raw)
  if (texts instanceof Unreadable || texts.every(isNetwork)) return texts
  return new Unreadable("expected addresses or networks such as 10.0.0.0/8")
}

/** As Vault shows what it has parsed: an address alone without a mask. */
const readAddresses = (raw: Json): string[] | Unreadable => {
  const texts = readNetworks(raw)
  if (texts instanceof Unreadable) return texts
  return texts.map(text => text.replace(text.includes(":") ? /\/128$/ : /\/32$/, ""))
}

function textsOf(items: readonly Json[], dropsBlanks: boolean): string[] | Unreadable {
  const texts: string[] = []
  for (const item of items) {
    const text = item === null ? "" : scalarText(item)
    if (text === undefined) return new Unreadable("expected a list of strings")
    texts.push(text)
  }
  return dropsBlanks ? tidyItems(texts) : texts.map(text => text.trim())
}

const tidyItems = (items: string[]): string[] => items.map(item => item.trim()).filter(item => item !== "")

const readInts = (raw: Json): number[] | Unreadable => {
  if (holdsNothing(raw)) return []
  const items = Array.isArray(raw) ? raw : (scalarText(raw)?.split(",") ?? [raw])
  const values: number[] = []
  for (const item of items) {
    const value = readInt(item)
    if (value instanceof Unreadable) return new Unreadable("expected a list of integers")
    values.push(value)
  }
  return values
}

/** Whether a value is an object of keys and values. */
export const isJsonObject = (raw: Json | undefined): raw is JsonObject =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw) && !isRawNumber(raw)

/** An empty list, also as clients in languages without lists of their own (Lua) send it. */
const holdsNothing = (raw: Json): boolean =>
  raw === null || raw === "" || (isJsonObject(raw) && Object.keys(raw).length === 0)

/** A map, or a list of maps that are laid over each other: an empty one is how PHP's clients write a map without entries. */
const readMap = (raw: Json): JsonObject | Unreadable => {
  if (raw === null) return {}
  if (isJsonObject(raw)) return raw
  if (!Array.isArray(raw)) return new Unreadable("expected a map")
  const merged = new Map<string, Json>()
  for (const item of raw) {
    const layer = readMap(item)
    if (layer instanceof Unreadable) return layer
    for (const [key, value] of Object.entries(layer)) merged.set(key, value)
  }
  return Object.fromEntries(merged)
}

const readPairs = (raw: Json): Map<string, string> | Unreadable => {
  const pairs = new Map<string, string>()
  if (raw === null || isEmptyList(raw)) return pairs
  if (isJsonObject(raw)) {
    for (const [key, value] of Object.entries(raw)) {
      const text = value === null ? "" : scalarText(value)
      if (text === undefined) return new Unreadable("expected a map of strings")
      pairs.set(key, text)
    }
    return pairs
  }
  // Not split at commas: a value may hold them.
  const items = raw === "" ? [""] : readList(false)(raw)
  if (items instanceof Unreadable) return new Unreadable('expected a map, or pairs such as "key=value"')
  for (const item of items) {
    const at = item.indexOf("=")
    if (at < 1) return new Unreadable('expected pairs such as "key=value"')
    pairs.set(item.slice(0, at), item.slice(at + 1))
  }
  return pairs
}

const readHeader = (raw: Json): Map<string, string[]> | Unreadable => {
  const object = readMap(raw === "" ? null : raw)
  if (object instanceof Unreadable) return object
  const headers = new Map<string, string[]>()
  for (const [key, value] of Object.entries(object)) {
    const values = readList(false)(value)
    if (values instanceof Unreadable) return new Unreadable("expected a map of header values")
    headers.set(key, values)
  }
  return headers
}

const readBytes = (raw: Json): Uint8Array | Unreadable => {
  const text = typeof raw === "string" ? raw : undefined
  if (text === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return new Unreadable("expected base64")
  const binary = atob(text)
  return Uint8Array.from(binary, character => character.charCodeAt(0))
}

/** A word that may hold `.` and `-` inside, as Vault's GenericNameRegex. */
export const NAME = "\\w(?:[\\w.-]*\\w)?"
/** The same with `@` and more, as users and roles are named (GenericNameWithAtRegex). */
export const NAME_WITH_AT = "\\w(?:[\\w.@-]*\\w)?"

const text = { openapi: "string", read: readString } as const

/** The kinds of fields, by Vault's names. Durations are seconds, times are seconds since 1970. */
export const field = {
  string: kindOf<string>({ name: "string", ...text }),
  /** One path segment, or a name given in the body. */
  name: kindOf<string>({ name: "name", ...text, pattern: NAME }),
  nameWithAt: kindOf<string>({ name: "name", ...text, pattern: NAME_WITH_AT }),
  lowerCase: kindOf<string>({
    name: "lower-case string",
    openapi: "string",
    read: raw => {
      const value = readString(raw)
      return typeof value === "string" ? value.toLowerCase() : value
    },
  }),
  int: kindOf<number>({ name: "int", openapi: "integer", read: readInt }),
  bool: kindOf<boolean>({ name: "bool", openapi: "boolean", read: readBool }),
  float: kindOf<number>({ name: "float", openapi: "number", format: "float", read: readFloat }),
  duration: kindOf<number>({
    name: "duration",
    openapi: "string",
    format: "duration",
    nullIsAbsent: true,
    read: readDuration,
  }),
  signedDuration: kindOf<number>({
    name: "signed duration",
    openapi: "string",
    format: "duration",
    nullIsAbsent: true,
    read: readSignedDuration,
  }),
  time: kindOf<number>({ name: "time", openapi: "string", format: "date-time", read: readTime }),
  /** A list of strings, or one string with commas. Blanks are dropped. */
  commaList: kindOf<string[]>({ name: "comma list", openapi: "array", read: readList(true) }),
  /** A list of addresses and networks (`10.0.0.0/8`), or one string with commas. */
  networks: kindOf<string[]>({ name: "comma list", openapi: "array", read: readNetworks }),
  /** The same, where an address that is a network of its own loses its mask. */
  addresses: kindOf<string[]>({ name: "comma list", openapi: "array", read: readAddresses }),
  /** A list of strings that may hold commas. */
  stringList: kindOf<string[]>({ name: "string list", openapi: "array", read: readList(false) }),
  intList: kindOf<number[]>({ name: "int list", openapi: "array", read: readInts }),
  map: kindOf<JsonObject>({ name: "map", openapi: "object", format: "map", read: readMap }),
  pairs: kindOf<Map<string, string>>({
    name: "key/value pairs",
    openapi: "object",
    format: "kvpairs",
    read: readPairs,
    write: value => Object.fromEntries(value),
  }),
  header: kindOf<Map<string, string[]>>({
    name: "header",
    openapi: "object",
    read: readHeader,
    write: value => Object.fromEntries(value),
  }),
  bytes: kindOf<Uint8Array>({
    name: "bytes",
    openapi: "string",
    format: "base64",
    read: readBytes,
    write: value => btoa(String.fromCharCode(...value)),
  }),
  any: kindOf<Json>({ name: "any", openapi: "any", read: raw => raw }),
}

/** The same fields, each of which a reply may leave out. */
export const optional = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, one]) => [name, { ...one, options: { ...one.options, optional: true } }]),
  )

/** Whether a request says nothing about a field. */
export const isAbsent = ({ kind }: Field<unknown>, raw: Json | undefined): boolean =>
  raw === undefined || (raw === null && kind.nullIsAbsent === true)

/**
 * The value of one field of a request. `raw` undefined means the request says nothing about it.
 * Refuses (400) in Vault's words when it cannot be read.
 */
export function readField(name: string, declared: Field<unknown>, raw: Json | undefined): unknown {
  const { kind, options } = declared
  if (raw === undefined || isAbsent(declared, raw)) {
    if (options.required) throw refuse.invalid(`missing required field ${JSON.stringify(name)}`)
    return options.default
  }
  const value = kind.read(raw)
  if (value instanceof Unreadable) throw refuse.invalid(conversionFailed(name, value))
  if (options.choices !== undefined && value !== "" && !options.choices.includes(value)) {
    const choices = options.choices.map(choice => JSON.stringify(choice)).join(", ")
    throw refuse.invalid(options.otherwise?.replace("%q", JSON.stringify(value)) ?? `${name} must be one of ${choices}`)
  }
  return value
}

/** What was given is not quoted: it may be a secret in the wrong place (CVE-2025-4166). */
const conversionFailed = (name: string, { reason }: Unreadable): string =>
  `Field validation failed: error converting input for field ${JSON.stringify(name)}: ${reason}`

/** The value as it stands in JSON replies and in stored records; undefined becomes null. */
export function writeField(declared: Field<unknown>, value: unknown): Json {
  if (value === undefined) return null
  return declared.kind.write ? declared.kind.write(value) : (value as Json)
}

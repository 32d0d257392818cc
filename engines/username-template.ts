/**
 * Username templates: the part of Go's template language that names are made with, and Vault's functions for it.
 *
 *     {{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}
 *
 * Text outside of braces stands for itself; inside stands a pipeline of calls, whose value becomes the last argument of the next
 * call. There are no variables, conditions or loops: what is not known is refused when the template is compiled.
 */

import { createHash } from "node:crypto"
import { refuse } from "@arca/api"

/** What a template may ask for. Seconds since 1970. */
export interface TemplateWorld {
  readonly now: number
  readonly random: (bytes: number) => Uint8Array
  readonly fields: Readonly<Record<string, string>>
}

export type Template = (world: TemplateWorld) => string

type Value = string | number
type Node = (world: TemplateWorld) => Value
type Call = (args: readonly Value[], world: TemplateWorld) => Value

/** Name to the number of arguments (undefined: any) and what it does. */
export type Functions = Readonly<Record<string, readonly [number | undefined, Call]>>

/**
 * Compiles a template. Refuses (400) what cannot be read, and functions and fields that do not exist. `more` are functions that
 * one engine has besides those of all.
 */
export function compileTemplate(text: string, fields: readonly string[], more: Functions = {}): Template {
  if (text === "") throw refuse.invalid("missing template")
  const functions = { ...FUNCTIONS, ...more }
  const parts = partsOf(text).map(part =>
    part.kind === "text" ? () => part.text : parse(part.text, fields, functions),
  )
  return world => parts.map(part => String(part(world))).join("")
}

interface Part {
  readonly kind: "text" | "action"
  readonly text: string
}

/** Splits text from actions; `{{-` and `-}}` take away the blanks beside them. */
function partsOf(text: string): Part[] {
  const parts: Part[] = []
  let rest = text
  for (let trim = false; ; ) {
    const start = rest.indexOf("{{")
    const literal = trim
      ? trimStart(rest.slice(0, start < 0 ? undefined : start))
      : rest.slice(0, start < 0 ? undefined : start)
    if (start < 0) return [...parts, { kind: "text", text: literal }]
    const end = endOfAction(rest, start + 2)
    const action = rest.slice(start + 2, end)
    const left = /^-\s/.test(action)
    const right = /\s-$/.test(action)
    const inner = action.slice(left ? 1 : 0, right ? -1 : undefined)
    parts.push({ kind: "text", text: left ? literal.replace(/\s+$/, "") : literal })
    if (!/^\/\*[\s\S]*\*\/$/.test(inner.trim())) parts.push({ kind: "action", text: inner })
    rest = rest.slice(end + 2)
    trim = right
  }
}

const trimStart = (text: string): string => text.replace(/^\s+/, "")

/** Where `}}` stands, outside of strings. */
function endOfAction(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '"' || character === "`") at = endOfString(text, at)
    else if (text.startsWith("}}", at)) return at
  }
  throw refuse.invalid("unable to parse template: unclosed action")
}

function endOfString(text: string, from: number): number {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at++
    else if (text[at] === quote) return at
  }
  throw refuse.invalid("unable to parse template: unterminated string")
}

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|-?\d+|\.?[A-Za-z_]\w*|[()|])/y

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  let at = 0
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null)
      throw refuse.invalid(`unable to parse template: unexpected ${JSON.stringify(text.slice(at).trim())}`)
    tokens.push(found[1] ?? "")
    at = TOKEN.lastIndex
  }
  return tokens
}

function parse(text: string, fields: readonly string[], functions: Functions): Node {
  const tokens = tokensOf(text)
  let at = 0
  const pipeline = (): Node => {
    let value = call(undefined)
    while (tokens[at] === "|") {
      at++
      value = call(value)
    }
    return value
  }
  const call = (piped: Node | undefined): Node => {
    const head = tokens[at]
    if (head !== undefined && /^[A-Za-z_]/.test(head)) {
      at++
      const args: Node[] = []
      while (at < tokens.length && tokens[at] !== "|" && tokens[at] !== ")") args.push(operand())
      return callOf(functions, head, piped === undefined ? args : [...args, piped])
    }
    if (piped !== undefined)
      throw refuse.invalid("unable to parse template: a value cannot be piped into what is no function")
    return operand()
  }
  const operand = (): Node => {
    const token = tokens[at++]
    if (token === undefined) throw refuse.invalid("unable to parse template: missing value for command")
    if (token === "(") {
      const inner = pipeline()
      if (tokens[at++] !== ")") throw refuse.invalid("unable to parse template: unclosed left paren")
      return inner
    }
    if (token.startsWith('"') || token.startsWith("`")) {
      const value = stringOf(token)
      return () => value
    }
    if (/^-?\d/.test(token)) return () => Number(token)
    if (token.startsWith(".")) return fieldOf(token.slice(1), fields)
    if (/^[A-Za-z_]/.test(token)) return callOf(functions, token, [])
    throw refuse.invalid(`unable to parse template: unexpected ${JSON.stringify(token)}`)
  }
  const parsed = pipeline()
  if (at < tokens.length) throw refuse.invalid(`unable to parse template: unexpected ${JSON.stringify(tokens[at])}`)
  return parsed
}

function stringOf(token: string): string {
  if (token.startsWith("`")) return token.slice(1, -1)
  try {
    return String(JSON.parse(token.replaceAll("\\'", "'")))
  } catch {
    throw refuse.invalid(`unable to parse template: unreadable string ${token}`)
  }
}

function fieldOf(name: string, fields: readonly string[]): Node {
  if (!fields.includes(name)) {
    throw refuse.invalid(
      `invalid template: there is no field .${name}; there are ${fields.map(one => `.${one}`).join(", ")}`,
    )
  }
  return ({ fields: values }) => values[name] ?? ""
}

function callOf(functions: Functions, name: string, args: readonly Node[]): Node {
  const called = functions[name]
  if (called === undefined || !Object.hasOwn(functions, name))
    throw refuse.invalid(`unable to parse template: function ${JSON.stringify(name)} not defined`)
  const [wanted, run] = called
  if (wanted !== undefined && args.length !== wanted)
    throw refuse.invalid(`invalid template: ${name} takes ${wanted} argument(s), not ${args.length}`)
  return world =>
    run(
      args.map(arg => arg(world)),
      world,
    )
}

const text = (value: Value | undefined): string => String(value ?? "")

function count(name: string, value: Value | undefined, above: number): number {
  const given = typeof value === "number" ? value : Number.NaN
  if (Number.isInteger(given) && given > above && given <= 10_000) return given
  throw refuse.invalid(`unable to apply template: ${name} takes a length above ${above}, not ${text(value)}`)
}

const sha256 = (value: string): string => createHash("sha256").update(value).digest("hex")

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** Letters and digits, each as likely as any other. */
export function randomName(length: number, random: (bytes: number) => Uint8Array): string {
  let name = ""
  while (name.length < length) {
    // 248 = 4 × 62: bytes above would favour some.
    for (const byte of random(length)) if (byte < 248 && name.length < length) name += ALPHABET[byte % 62] ?? ""
  }
  return name
}

function uuid(random: (bytes: number) => Uint8Array): string {
  const hex = Buffer.from(random(16)).toString("hex")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

const FUNCTIONS: Functions = {
  printf: [undefined, ([format, ...values]) => printf(text(format), values)],
  print: [undefined, values => values.map(text).join("")],
  random: [1, ([length], { random }) => randomName(count("random", length, 0), random)],
  truncate: [2, ([length, value]) => text(value).slice(0, count("truncate", length, 0))],
  truncate_sha256: [
    2,
    ([length, value]) => {
      const longest = count("truncate_sha256", length, 8)
      const whole = text(value)
      const kept = longest - 8
      return whole.length <= longest ? whole : whole.slice(0, kept) + sha256(whole.slice(kept)).slice(0, 8)
    },
  ],
  uppercase: [1, ([value]) => text(value).toUpperCase()],
  lowercase: [1, ([value]) => text(value).toLowerCase()],
  replace: [3, ([find, by, value]) => text(value).replaceAll(text(find), () => text(by))],
  sha256: [1, ([value]) => sha256(text(value))],
  base64: [1, ([value]) => Buffer.from(text(value)).toString("base64")],
  decode_base64: [1, ([value]) => Buffer.from(text(value), "base64").toString()],
  hex: [1, ([value]) => Buffer.from(text(value)).toString("hex")],
  decode_hex: [1, ([value]) => Buffer.from(text(value), "hex").toString()],
  unix_time: [0, (_, { now }) => String(Math.floor(now))],
  unix_time_millis: [0, (_, { now }) => String(Math.floor(now * 1000))],
  timestamp: [1, ([layout], { now }) => goTime(text(layout), now)],
  uuid: [0, (_, { random }) => uuid(random)],
}

/** `%s`, `%v`, `%d`, `%q`, with a width; `%%`. */
function printf(format: string, values: readonly Value[]): string {
  let next = 0
  const made = format.replaceAll(/%(-?)(0?)(\d*)(?:\.(\d+))?([svdq%])/g, (_, left, zero, width, precision, verb) => {
    if (verb === "%") return "%"
    if (next >= values.length) throw refuse.invalid("unable to apply template: printf has more verbs than values")
    const value = text(values[next++])
    const shown =
      verb === "q" ? JSON.stringify(value) : precision === undefined ? value : value.slice(0, Number(precision))
    return left === "-" ? shown.padEnd(Number(width)) : shown.padStart(Number(width), zero === "0" ? "0" : " ")
  })
  if (next < values.length) throw refuse.invalid("unable to apply template: printf has more values than verbs")
  return made
}

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
]
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/** A time in UTC by a layout of Go's (`2006-01-02T15:04:05Z07:00`). */
export function goTime(layout: string, seconds: number): string {
  const date = new Date(seconds * 1000)
  const two = (value: number) => String(value).padStart(2, "0")
  const month = MONTHS[date.getUTCMonth()] ?? ""
  const day = DAYS[date.getUTCDay()] ?? ""
  const hours = date.getUTCHours()
  const parts: Readonly<Record<string, string>> = {
    "2006": String(date.getUTCFullYear()),
    "06": two(date.getUTCFullYear() % 100),
    January: month,
    Jan: month.slice(0, 3),
    "01": two(date.getUTCMonth() + 1),
    "1": String(date.getUTCMonth() + 1),
    Monday: day,
    Mon: day.slice(0, 3),
    "02": two(date.getUTCDate()),
    "2": String(date.getUTCDate()),
    _2: String(date.getUTCDate()).padStart(2),
    "15": two(hours),
    "03": two(hours % 12 || 12),
    "3": String(hours % 12 || 12),
    "04": two(date.getUTCMinutes()),
    "4": String(date.getUTCMinutes()),
    "05": two(date.getUTCSeconds()),
    "5": String(date.getUTCSeconds()),
    PM: hours < 12 ? "AM" : "PM",
    pm: hours < 12 ? "am" : "pm",
    "Z07:00": "Z",
    "-07:00": "+00:00",
    "-0700": "+0000",
    MST: "UTC",
    ".000": `.${String(date.getUTCMilliseconds()).padStart(3, "0")}`,
  }
  return layout.replaceAll(
    /2006|January|Jan|Monday|Mon|Z07:00|-07:00|-0700|MST|\.000|06|01|02|03|04|05|15|PM|pm|_2|[12345]/g,
    part => parts[part] ?? part,
  )
}

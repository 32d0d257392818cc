import { createHash } from "node:crypto"
import { compilePattern } from "../../re2/compile.ts"
import { Float32, goJson, goString, type Json } from "../go-json.ts"
import { type Functions, isFields, isList, isTrue, printed, type Value } from "./run.ts"

const text = (value: Value) => (value === null || value === undefined ? "" : printed(value))
const number = (value: Value) => {
  const read =
    value instanceof Float32 ? Number(value.text) : typeof value === "string" ? Number.parseFloat(value) : Number(value)
  return Number.isNaN(read) ? 0 : read
}
const whole = (value: Value) => Math.trunc(number(value))
const list = (value: Value): readonly Value[] => {
  if (isList(value)) return value
  throw new Error("expected a list")
}
const fields = (value: Value) => {
  if (isFields(value)) return value
  throw new Error("expected a dictionary")
}
const lines = (prefix: string, value: Value) =>
  text(value)
    .split("\n")
    .map(line => prefix + line)
    .join("\n")

function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0
  return number(a) - number(b)
}

const equal = (a: Value, b: Value) =>
  typeof a === "string" || typeof b === "string" ? a === b : number(a) === number(b)

function asJson(value: Value): Json {
  if (value === null || value === undefined || value instanceof Date) return text(value)
  if (typeof value === "boolean") return number(value)
  if (isList(value)) return value.map(asJson)
  if (isFields(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asJson(item)]))
  return value
}

const compactJson = (value: Value): string => {
  if (isList(value)) return `[${value.map(compactJson).join(",")}]`
  if (isFields(value))
    return `{${Object.entries(value)
      .map(([name, item]) => `${goString(name)}:${compactJson(item)}`)
      .join(",")}}`
  if (value === null || value === undefined) return "null"
  return typeof value === "boolean" ? String(value) : goJson(asJson(value), "")
}

/** fmt.Sprintf for the verbs that reports use. */
function sprintf(format: Value, ...args: Value[]): string {
  let next = 0
  return text(format).replace(
    /%(-?)(0?)(\d*)(?:\.(\d+))?([vsdqxXfgtc%])/g,
    (whole_, left, zero, width, precision, verb) => {
      if (verb === "%") return "%"
      if (next >= args.length) return `%!${verb}(MISSING)`
      const shown = verbText(verb, args[next++], precision === undefined ? undefined : Number(precision)) ?? whole_
      return left === "-" ? shown.padEnd(Number(width)) : shown.padStart(Number(width), zero === "0" ? "0" : " ")
    },
  )
}

function verbText(verb: string, value: Value, precision: number | undefined): string | undefined {
  switch (verb) {
    case "f":
      return number(value).toFixed(precision ?? 6)
    case "g":
      return precision === undefined ? text(value) : String(Number(number(value).toPrecision(precision)))
    case "d":
      return String(whole(value))
    case "q":
      return JSON.stringify(text(value))
    case "x":
      return typeof value === "string" ? Buffer.from(value).toString("hex") : whole(value).toString(16)
    case "X":
      return whole(value).toString(16).toUpperCase()
    case "c":
      return String.fromCodePoint(whole(value))
    default:
      return precision === undefined ? printed(value) : [...printed(value)].slice(0, precision).join("")
  }
}

const months = [
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
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const two = (value: number) => String(value).padStart(2, "0")

/** A date in Go's layout (`Jan 02, 2006 15:04:05 MST`), in UTC. */
function dated(layout: Value, at: Value): string {
  const date = at instanceof Date ? at : new Date(typeof at === "number" ? at * 1000 : text(at))
  if (Number.isNaN(date.getTime())) return ""
  const hour = date.getUTCHours()
  const month = months[date.getUTCMonth()] ?? ""
  const day = days[date.getUTCDay()] ?? ""
  const shown: Record<string, string> = {
    "2006": String(date.getUTCFullYear()),
    "06": two(date.getUTCFullYear() % 100),
    January: month,
    Jan: month.slice(0, 3),
    "01": two(date.getUTCMonth() + 1),
    Monday: day,
    Mon: day.slice(0, 3),
    "02": two(date.getUTCDate()),
    "2": String(date.getUTCDate()),
    "15": two(hour),
    "03": two(hour % 12 || 12),
    "3": String(hour % 12 || 12),
    "04": two(date.getUTCMinutes()),
    "05": two(date.getUTCSeconds()),
    PM: hour < 12 ? "AM" : "PM",
    MST: "UTC",
    "Z07:00": "Z",
    "-0700": "+0000",
  }
  return text(layout).replace(
    /2006|January|Jan|Monday|Mon|MST|Z07:00|-0700|PM|0[1-6]|15|[23]/g,
    word => shown[word] ?? word,
  )
}

const htmlReferences = new Map([
  ["<", "&lt;"],
  [">", "&gt;"],
  ["&", "&amp;"],
  ['"', "&#34;"],
  ["'", "&#39;"],
])

/** The functions of Go's templates, and those of sprig that shape text, lists and dates. */
export const functions = (now: Date): Functions => ({
  and: (...args) => args.find(value => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  not: value => !isTrue(value),
  len: value =>
    typeof value === "string"
      ? Buffer.byteLength(value)
      : isList(value)
        ? value.length
        : Object.keys(fields(value)).length,
  index: (value, ...path) =>
    path.reduce((from, key) => (isList(from) ? from[whole(key)] : fields(from)[text(key)]), value),
  slice: (value, from = 0, to = undefined) => {
    const end = to === undefined ? undefined : whole(to)
    return typeof value === "string"
      ? Buffer.from(value).subarray(whole(from), end).toString()
      : list(value).slice(whole(from), end)
  },
  print: (...args) => args.map(printed).join(""),
  println: (...args) => `${args.map(printed).join(" ")}\n`,
  printf: sprintf,
  html: value => text(value).replace(/[<>&"']/g, char => htmlReferences.get(char) ?? char),
  js: value =>
    text(value).replace(/[\\'"<>&=\n\r]/g, char =>
      /[\\'"]/.test(char) ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`,
    ),
  urlquery: value => encodeURIComponent(text(value)).replaceAll("%20", "+"),
  eq: (first, ...others) => others.some(other => equal(first, other)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  upper: value => text(value).toUpperCase(),
  lower: value => text(value).toLowerCase(),
  title: value => text(value).replace(/\b\p{L}/gu, char => char.toUpperCase()),
  trim: value => text(value).trim(),
  trimAll: (cut, value) => trimmed(text(value), text(cut)),
  trimPrefix: (prefix, value) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value),
  trimSuffix: (suffix, value) =>
    suffix !== "" && text(value).endsWith(text(suffix)) ? text(value).slice(0, -text(suffix).length) : text(value),
  nospace: value => text(value).replace(/\s/g, ""),
  replace: (from, to, value) => text(value).replaceAll(text(from), () => text(to)),
  contains: (part, value) => text(value).includes(text(part)),
  hasPrefix: (prefix, value) => text(value).startsWith(text(prefix)),
  hasSuffix: (suffix, value) => text(value).endsWith(text(suffix)),
  repeat: (count, value) => text(value).repeat(bounded(whole(count))),
  substr: (from, to, value) => text(value).slice(Math.max(whole(from), 0), whole(to) < 0 ? undefined : whole(to)),
  trunc: (count, value) => (whole(count) < 0 ? text(value).slice(whole(count)) : text(value).slice(0, whole(count))),
  abbrev: (width, value) =>
    text(value).length <= whole(width) || whole(width) < 4
      ? text(value)
      : `${text(value).slice(0, whole(width) - 3)}...`,
  quote: (...args) =>
    args
      .filter(value => value !== null && value !== undefined)
      .map(value => JSON.stringify(text(value)))
      .join(" "),
  squote: (...args) =>
    args
      .filter(value => value !== null && value !== undefined)
      .map(value => `'${text(value)}'`)
      .join(" "),
  cat: (...args) => args.map(text).join(" "),
  indent: (count, value) => lines(" ".repeat(bounded(whole(count))), value),
  nindent: (count, value) => `\n${lines(" ".repeat(bounded(whole(count))), value)}`,
  splitList: (separator, value) => text(value).split(text(separator)),
  split: (separator, value) =>
    Object.fromEntries(
      text(value)
        .split(text(separator))
        .map((part, i) => [`_${i}`, part]),
    ),
  join: (separator, value) => (isList(value) ? value.map(text).join(text(separator)) : text(value)),
  sortAlpha: value => list(value).map(text).sort(),
  list: (...args) => args,
  first: value => list(value)[0],
  last: value => list(value).at(-1),
  rest: value => list(value).slice(1),
  initial: value => list(value).slice(0, -1),
  reverse: value => [...list(value)].reverse(),
  uniq: value => [...new Map(list(value).map(item => [compactJson(item), item])).values()],
  has: (item, value) => list(value).some(other => equal(item, other)),
  append: (value, item) => [...list(value), item],
  dict: (...args) =>
    Object.fromEntries(Array.from({ length: args.length >> 1 }, (_, i) => [text(args[i * 2]), args[i * 2 + 1]])),
  get: (value, key) => fields(value)[text(key)] ?? "",
  hasKey: (value, key) => Object.hasOwn(fields(value), text(key)),
  keys: value => Object.keys(fields(value)),
  values: value => Object.values(fields(value)),
  default: (preset, value) => (isTrue(value) ? value : preset),
  empty: value => !isTrue(value),
  coalesce: (...args) => args.find(isTrue),
  ternary: (yes, no, test) => (isTrue(test) ? yes : no),
  toString: text,
  toJson: compactJson,
  toRawJson: value =>
    compactJson(value)
      .replace(/\\u003c/g, "<")
      .replace(/\\u003e/g, ">")
      .replace(/\\u0026/g, "&"),
  toPrettyJson: value => goJson(asJson(value), "  "),
  int: whole,
  int64: whole,
  float64: number,
  add: (...args) => args.reduce<number>((sum, value) => sum + whole(value), 0),
  add1: value => whole(value) + 1,
  sub: (a, b) => whole(a) - whole(b),
  mul: (...args) => args.reduce<number>((product, value) => product * whole(value), 1),
  div: (a, b) => Math.trunc(whole(a) / divisor(b)),
  mod: (a, b) => whole(a) % divisor(b),
  max: (...args) => Math.max(...args.map(whole)),
  min: (...args) => Math.min(...args.map(whole)),
  now: () => now,
  date: dated,
  htmlDate: at => dated("2006-01-02", at),
  b64enc: value => Buffer.from(text(value)).toString("base64"),
  b64dec: value => Buffer.from(text(value), "base64").toString(),
  sha256sum: value => createHash("sha256").update(text(value)).digest("hex"),
  regexMatch: (pattern, value) => compilePattern(text(pattern)).regexp("runes", "").test(text(value)),
  regexReplaceAll: (pattern, value, to) =>
    text(value).replace(compilePattern(text(pattern)).regexp("runes", "g"), text(to).replace(/\$\{(\w+)\}/g, "$$$1")),
})

function divisor(value: Value): number {
  const read = whole(value)
  if (read === 0) throw new Error("division by zero")
  return read
}

/** A template cannot fill the memory. */
function bounded(count: number): number {
  if (count < 0 || count > 100_000) throw new Error(`the count ${count} is out of range`)
  return count
}

function trimmed(value: string, cut: string): string {
  const chars = [...value]
  while (chars.length > 0 && cut.includes(chars[0] ?? "")) chars.shift()
  while (chars.length > 0 && cut.includes(chars.at(-1) ?? "")) chars.pop()
  return chars.join("")
}

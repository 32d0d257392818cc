/**
 * Statements with `{{name}}`, `{{username}}`, `{{password}}`, `{{public_key}}`, `{{subject}}`, `{{common_name}}` and
 * `{{expiration}}` in them, as operators write them.
 *
 * A value is put in by where it stands: doubled in quotes, quoted where a bare name stands, refused where nothing makes it safe.
 * Values are put in once, in one pass: what a value holds is never read as a template.
 */

import { refuse } from "@arca/api"

/** A pair of quotes, and how a value is written between them. */
interface Quote {
  readonly open: string
  readonly close: string
  /** Whether a backslash takes away the next character's meaning. */
  readonly backslash: boolean
  readonly kind: "string" | "name"
}

export interface Dialect {
  /** Longer openings first. */
  readonly quotes: readonly Quote[]
  readonly lineComments: readonly string[]
  /** `$$ … $$`, whose text is read as statements. */
  readonly dollars: boolean
  /** Whether a closing quote is written by doubling it; otherwise by a backslash. */
  readonly doubled: boolean
}

const string = (open: string, backslash: boolean): Quote => ({ open, close: open.slice(-1), backslash, kind: "string" })
const name = (open: string, close = open, backslash = false): Quote => ({ open, close, backslash, kind: "name" })

export const DIALECTS = {
  /** With `standard_conforming_strings`, which the driver turns on. */
  postgresql: {
    quotes: [string("E'", true), string("e'", true), string("'", false), name('"')],
    lineComments: ["--"],
    dollars: true,
    doubled: true,
  },
  /** Without NO_BACKSLASH_ESCAPES and ANSI_QUOTES, which the driver turns off. */
  mysql: {
    quotes: [string("'", true), string('"', true), name("`")],
    lineComments: ["-- ", "#"],
    dollars: false,
    doubled: true,
  },
  mssql: {
    quotes: [string("'", false), name('"'), name("[", "]")],
    lineComments: ["--"],
    dollars: false,
    doubled: true,
  },
  cql: { quotes: [string("'", false), name('"')], lineComments: ["--", "//"], dollars: true, doubled: true },
  influxql: { quotes: [string("'", true), name('"', '"', true)], lineComments: ["--"], dollars: false, doubled: false },
  clickhouse: {
    quotes: [string("'", true), name('"', '"', true), name("`", "`", true)],
    lineComments: ["--"],
    dollars: false,
    doubled: true,
  },
  snowflake: { quotes: [string("'", true), name('"')], lineComments: ["--", "//"], dollars: true, doubled: true },
  /** Oracle and HANA: the SQL standard and nothing else. */
  standard: { quotes: [string("'", false), name('"')], lineComments: ["--"], dollars: false, doubled: true },
} as const satisfies Readonly<Record<string, Dialect>>

/** Values for a statement; `name` and `username` may stand without quotes. */
export type Values = Readonly<Record<string, string>>

type Span =
  | { readonly kind: "bare"; readonly text: string }
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "quoted"; readonly text: string; readonly quote: Quote }
  | { readonly kind: "dollar"; readonly text: string; readonly tag: string }

/** Cuts a text into bare parts, quoted parts, comments and dollar-quoted parts; together they are the text again. */
function spansOf(text: string, dialect: Dialect): Span[] {
  const spans: Span[] = []
  let bare = 0
  let at = 0
  const take = (span: Span, end: number) => {
    if (at > bare) spans.push({ kind: "bare", text: text.slice(bare, at) })
    spans.push(span)
    at = bare = end
  }
  while (at < text.length) {
    const quote = dialect.quotes.find(one => text.startsWith(one.open, at) && isOpening(text, at, one))
    const comment = dialect.lineComments.find(one => text.startsWith(one, at))
    const tag = dialect.dollars ? /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 70))?.[0] : undefined
    if (quote !== undefined) {
      const end = endOfQuote(text, at + quote.open.length, quote)
      take({ kind: "quoted", text: text.slice(at + quote.open.length, end - 1), quote }, end)
    } else if (comment !== undefined) {
      const end = text.indexOf("\n", at)
      take({ kind: "comment", text: text.slice(at, end < 0 ? undefined : end) }, end < 0 ? text.length : end)
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2)
      if (end < 0) throw refuse.invalid("a statement has a comment without an end")
      take({ kind: "comment", text: text.slice(at, end + 2) }, end + 2)
    } else if (tag !== undefined) {
      const end = text.indexOf(tag, at + tag.length)
      if (end < 0) throw refuse.invalid(`a statement has a ${tag} without its end`)
      take({ kind: "dollar", text: text.slice(at + tag.length, end), tag }, end + tag.length)
    } else at++
  }
  if (at > bare) spans.push({ kind: "bare", text: text.slice(bare) })
  return spans
}

/** `E'` opens a string only where no name ends in that `E`. */
const isOpening = (text: string, at: number, quote: Quote): boolean =>
  quote.open.length === 1 || at === 0 || !/\w/.test(text[at - 1] ?? "")

/** The place behind the closing quote. */
function endOfQuote(text: string, from: number, { close, backslash }: Quote): number {
  for (let at = from; at < text.length; at++) {
    if (backslash && text[at] === "\\") at++
    else if (text[at] === close) {
      if (text[at + 1] !== close) return at + 1
      at++
    }
  }
  throw refuse.invalid(`a statement has a ${close} without its counterpart`)
}

const PLACE = /\{\{(\w+)\}\}/g

/** A text with its values put in. Refuses (400) where a value cannot be put in safely; the complaint names the place, not the value. */
export function fill(text: string, values: Values, dialect: Dialect): string {
  return spansOf(text, dialect)
    .map(span => filled(span, values, dialect))
    .join("")
}

function filled(span: Span, values: Values, dialect: Dialect): string {
  if (span.kind === "quoted") return quoted(span.text, span.quote, values, dialect)
  if (span.kind === "comment") return put(span.text, values, plain("in a comment"))
  if (span.kind === "bare") return put(span.text, values, bare(dialect))
  const inside = fill(span.text, values, dialect)
  if (inside.includes(span.tag))
    throw refuse.invalid(`a value holds ${span.tag}, which would end the text it stands in`)
  return span.tag + inside + span.tag
}

type Write = (value: string, name: string) => string

/** Left as it stands, '{{password}}' would be a password that everybody knows. */
const CREDENTIALS: ReadonlySet<string> = new Set(["password", "public_key", "subject", "common_name"])

const put = (text: string, values: Values, write: Write): string =>
  text.replaceAll(PLACE, (place, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined && CREDENTIALS.has(name))
      throw refuse.invalid(
        `a statement asks for ${place}, which this credential_type has not, or which is not known here`,
      )
    if (value === undefined) return place
    if (/[\0\r\n]/.test(value)) throw refuse.invalid(`the value of {{${name}}} holds a control character`)
    return write(value, name)
  })

/** Words that mean nothing to any parser. */
const SIMPLE = /^[A-Za-z0-9_.:+ -]*$/

const plain =
  (where: string): Write =>
  (value, name) => {
    if (SIMPLE.test(value) && !value.includes("--")) return value
    throw refuse.invalid(
      `the value of {{${name}}} has characters that are not safe ${where}; put {{${name}}} alone in quotes`,
    )
  }

function quoted(text: string, quote: Quote, values: Values, dialect: Dialect): string {
  const written: Write = value => {
    const slashed = quote.backslash ? value.replaceAll("\\", "\\\\") : value
    return slashed.replaceAll(quote.close, dialect.doubled ? quote.close + quote.close : `\\${quote.close}`)
  }
  // A string with more in it may be read as a statement again (EXECUTE '…'): escaping it once would not do.
  const alone = /^\{\{\w+\}\}$/.test(text)
  return (
    quote.open +
    put(text, values, alone || quote.kind === "name" ? written : plain("inside of a longer string")) +
    quote.close
  )
}

const bare =
  (dialect: Dialect): Write =>
  (value, placeholder) => {
    const isName = placeholder === "name" || placeholder === "username"
    if (/^[A-Za-z_]\w*$/.test(value) || (!isName && /^\d+$/.test(value))) return value
    const quote = dialect.quotes.find(one => one.kind === "name")
    if (!isName || quote === undefined) {
      throw refuse.invalid(`the value of {{${placeholder}}} needs quotes: write '{{${placeholder}}}' in the statement`)
    }
    return quoted(`{{${placeholder}}}`, quote, { [placeholder]: value }, dialect)
  }

/** A part of a credential that a text asks for: `{{password}}`. */
export const credentialIn = (text: string): string | undefined =>
  [...text.matchAll(PLACE)].find(([, name = ""]) => CREDENTIALS.has(name))?.[0]

/** Cuts a text at the semicolons between statements; blanks and empty ones are dropped. */
export function split(text: string, dialect: Dialect): string[] {
  const statements: string[] = []
  let current = ""
  for (const span of spansOf(text, dialect)) {
    if (span.kind !== "bare") {
      current += spanText(span)
      continue
    }
    const [first = "", ...rest] = span.text.split(";")
    current += first
    for (const next of rest) {
      statements.push(current)
      current = next
    }
  }
  return [...statements, current].map(one => one.trim()).filter(one => one !== "")
}

function spanText(span: Span): string {
  if (span.kind === "quoted") return span.quote.open + span.text + span.quote.close
  return span.kind === "dollar" ? span.tag + span.text + span.tag : span.text
}

/**
 * What an operator gave as one statement: the text itself, a JSON list of texts, or either of them in base64 (Vault takes them
 * all, so that statements survive every shell).
 */
export function textsOf(given: string): string[] {
  const text = decoded(given)
  if (!/^\s*\[/.test(text)) return [text]
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list) && list.every(one => typeof one === "string")) return list
  } catch {
    // No list after all: a statement may begin with a bracket.
  }
  return [text]
}

function decoded(given: string): string {
  const packed = given.replaceAll(/\s/g, "")
  if (packed.length < 8 || packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return given
  const text = Buffer.from(packed, "base64").toString("utf8")
  return /^[\t\n\r\x20-\x7e\u00a0-\u{10ffff}]*$/u.test(text) && !text.includes("\ufffd") ? text : given
}

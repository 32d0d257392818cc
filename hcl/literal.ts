/** The values of HCL's literals. */

import { HclError, type Position } from "./error.ts"

const NAMED: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
])

/** An interpolation, or a run of byte escapes, or one other escape. */
const SPECIAL = /\$\{|(?:\\x[0-9a-fA-F]{2}|\\[0-7]{3})+|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)/gs

/** The text that a quoted string means. What stands in `${…}` stays as it is written. */
export function unquote(quoted: string, position: Position): string {
  const text = quoted.slice(1, -1)
  if (!text.includes("\\")) return text
  let value = ""
  let at = 0
  SPECIAL.lastIndex = 0
  for (;;) {
    const found = SPECIAL.exec(text)
    if (found === null) return value + text.slice(at)
    const end = found[0] === "${" ? interpolationEnd(text, found.index) : SPECIAL.lastIndex
    value += text.slice(at, found.index)
    value += found[0] === "${" ? text.slice(found.index, end) : escaped(found, position)
    SPECIAL.lastIndex = at = end
  }
}

function interpolationEnd(text: string, start: number): number {
  let depth = 1
  let at = start + 2
  while (depth > 0 && at < text.length) {
    if (text[at] === "{") depth += 1
    if (text[at] === "}") depth -= 1
    at += 1
  }
  return at
}

function escaped([whole, short, long, name]: RegExpExecArray, position: Position): string {
  if (name !== undefined) return NAMED.get(name) ?? name
  const digits = short ?? long
  if (digits === undefined) return bytes(whole, position)
  const point = Number.parseInt(digits, 16)
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    throw new HclError(`"${whole}" is no Unicode character, in the string`, position)
  }
  return String.fromCodePoint(point)
}

/** `\xc3\xa9` and `\303\251` are bytes of UTF-8. */
function bytes(escapes: string, position: Position): string {
  const codes = escapes.slice(1).split("\\")
  const values = codes.map(code =>
    code.startsWith("x") ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8),
  )
  if (values.some(value => value > 255))
    throw new HclError("An octal escape is larger than a byte, in the string", position)
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(values))
  } catch {
    throw new HclError(`"${escapes}" is not valid UTF-8, in the string`, position)
  }
}

/**
 * The text of a heredoc. `<<-` takes from each line the blanks that stand before the closing name, if all lines begin with
 * them.
 */
export function heredocText(source: string): string {
  const newline = source.indexOf("\n")
  const indented = source.startsWith("<<-")
  const anchor = source.slice(indented ? 3 : 2, newline)
  const body = source.slice(newline + 1, source.length - anchor.length - 1)
  if (!indented) return body
  const lines = body.split("\n")
  const indent = lines[lines.length - 1] ?? ""
  if (!lines.every(line => line.startsWith(indent))) return body.slice(0, body.length - indent.length)
  return lines.map(line => line.slice(indent.length)).join("\n")
}

const MAX_INTEGER = 2n ** 63n

/** The number that a literal means: decimal, 0x… or, with a leading zero, octal. A bigint beyond 2^53. */
export function integer(text: string, position: Position): number | bigint {
  const negative = text.startsWith("-")
  const digits = negative ? text.slice(1) : text
  if (/^0[xX]$/.test(digits)) throw new HclError(`"${text}" has no digits`, position)
  if (/^0\d*[89]/.test(digits)) throw new HclError(`"${text}" begins with 0, but is not octal`, position)
  // 64 bits have 22 octal digits; turning millions of digits into a number takes its time.
  if (digits.replace(/^0[xX]?0*/, "").length > 22) throw new HclError(`"${text}" does not fit 64 bits`, position)
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = negative ? -magnitude : magnitude
  if (value >= MAX_INTEGER || value < -MAX_INTEGER) throw new HclError(`"${text}" does not fit 64 bits`, position)
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

export function float(text: string, position: Position): number {
  if (/[eE][+-]?$/.test(text)) throw new HclError(`"${text}" has no digits in its exponent`, position)
  const value = Number(text)
  if (!Number.isFinite(value)) throw new HclError(`"${text}" is too large for a number`, position)
  return value
}

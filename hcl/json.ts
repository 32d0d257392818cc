/** JSON as another spelling of HCL: the same tree, with places. */

import { HclError, type Position } from "./error.ts"
import type { HclFile, HclItem, HclLiteral, HclObject, HclValue } from "./tree.ts"

interface Reading {
  readonly source: string
  offset: number
  line: number
  lineStart: number
  room: number
}

const BLANK = /[ \t\n\r]*/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const WORD = /true|false|null/y

/** Reads a JSON object. The same key twice in an object is refused. */
export function parseJson(source: string, maxDepth: number): HclFile {
  const reading: Reading = { source, offset: 0, line: 1, lineStart: 0, room: maxDepth }
  skipBlank(reading)
  const { items, position } = readObject(reading)
  skipBlank(reading)
  if (reading.offset < source.length) throw unexpected(reading, "the end of the text")
  return { kind: "object", items, comments: [], json: true, position, end: here(reading) }
}

const here = ({ line, offset, lineStart }: Reading): Position => ({ line, column: offset - lineStart + 1, offset })

function skipBlank(reading: Reading): void {
  BLANK.lastIndex = reading.offset
  const end = reading.offset + (BLANK.exec(reading.source)?.[0].length ?? 0)
  for (let at = reading.offset; at < end; at++) {
    if (reading.source[at] !== "\n") continue
    reading.line += 1
    reading.lineStart = at + 1
  }
  reading.offset = end
}

function unexpected(reading: Reading, wanted: string): HclError {
  const point = reading.source.codePointAt(reading.offset)
  const found = point === undefined ? "the end of the text" : JSON.stringify(String.fromCodePoint(point))
  return new HclError(`Expected ${wanted}, found ${found}`, here(reading))
}

/** Takes one sign, with blanks after it. */
function take(reading: Reading, sign: string): boolean {
  if (reading.source[reading.offset] !== sign) return false
  reading.offset += 1
  skipBlank(reading)
  return true
}

function match(reading: Reading, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reading.offset
  const found = pattern.exec(reading.source)
  if (found !== null) reading.offset += found[0].length
  return found
}

function descend(reading: Reading): Position {
  const position = here(reading)
  if (reading.room === 0) throw new HclError("Too many levels inside each other", position)
  reading.room -= 1
  return position
}

function readObject(reading: Reading): HclObject {
  const position = descend(reading)
  take(reading, "{")
  const items: HclItem[] = []
  const seen = new Set<string>()
  let end = here(reading)
  while (!take(reading, "}")) {
    if (items.length > 0 && !take(reading, ",")) throw unexpected(reading, '"," or "}"')
    const item = readItem(reading)
    const name = item.keys[0]?.name ?? ""
    if (seen.has(name)) throw new HclError(`"${name}" is set twice`, item.position)
    seen.add(name)
    items.push(item)
    end = here(reading)
  }
  reading.room += 1
  return { kind: "object", items, position, end }
}

function readItem(reading: Reading): HclItem {
  const position = here(reading)
  const text = match(reading, STRING)?.[0]
  if (text === undefined) throw unexpected(reading, "a quoted name")
  skipBlank(reading)
  if (!take(reading, ":")) throw unexpected(reading, '":"')
  const key = { name: String(JSON.parse(text)), text, position }
  return { keys: [key], assigned: true, value: readValue(reading), position, lead: undefined, trailing: undefined }
}

function readValue(reading: Reading): HclValue {
  const first = reading.source[reading.offset]
  if (first === "{") return readObject(reading)
  if (first === "[") return readList(reading)
  const value = readLiteral(reading, here(reading))
  if (value === undefined) throw unexpected(reading, "a value")
  skipBlank(reading)
  return value
}

function readList(reading: Reading): HclValue {
  const position = descend(reading)
  take(reading, "[")
  const elements: HclValue[] = []
  while (!take(reading, "]")) {
    if (elements.length > 0 && !take(reading, ",")) throw unexpected(reading, '"," or "]"')
    elements.push(readValue(reading))
  }
  reading.room += 1
  return { kind: "list", elements, position }
}

function readLiteral(reading: Reading, position: Position): HclLiteral | undefined {
  const common = { position, lead: undefined, trailing: undefined }
  const string = match(reading, STRING)?.[0]
  if (string !== undefined)
    return { kind: "string", value: String(JSON.parse(string)), heredoc: false, text: string, ...common }
  const word = match(reading, WORD)?.[0]
  if (word === "null") return { kind: "null", value: null, text: word, ...common }
  if (word !== undefined) return { kind: "bool", value: word === "true", text: word, ...common }
  const number = match(reading, NUMBER)
  if (number === null) return undefined
  const [text, fraction, exponent] = number
  const float = fraction !== undefined || exponent !== undefined
  return { kind: "number", value: float ? Number(text) : whole(text), float, text, ...common }
}

function whole(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

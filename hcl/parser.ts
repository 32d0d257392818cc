/** Tokens to a tree, with comments attached the way that hashicorp/hcl v1 attaches them (its formatter depends on it). */

import { HclError, type Position } from "./error.ts"
import { parseJson } from "./json.ts"
import { type Lexer, lexer, nextToken, type Token, type TokenKind } from "./lexer.ts"
import { float, heredocText, integer, unquote } from "./literal.ts"
import type { CommentGroup, HclFile, HclItem, HclKey, HclList, HclLiteral, HclObject, HclValue } from "./tree.ts"

export interface HclLimits {
  /** Longest text, in UTF-16 units. */
  readonly maxLength: number
  /** Deepest nesting of objects and lists. */
  readonly maxDepth: number
}

export const DEFAULT_LIMITS: HclLimits = { maxLength: 8 * 1024 * 1024, maxDepth: 100 }

const START: Position = { line: 1, column: 1, offset: 0 }

/**
 * Reads HCL1, or JSON when the text begins with `{`. Throws `HclError` with the place: for what is no HCL, an attribute that
 * is set twice, and texts beyond the limits.
 */
export function parseHcl(text: string, limits: HclLimits = DEFAULT_LIMITS): HclFile {
  if (text.length > limits.maxLength) {
    throw new HclError(`The text is longer than ${limits.maxLength} characters`, START)
  }
  const source = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n")
  if (/^\s*\{/.test(source)) return parseJson(source, limits.maxDepth)
  const parsing: Parsing = {
    lexing: lexer(source),
    token: { kind: "end of text", text: "", position: { line: 0, column: 0, offset: -1 } },
    ahead: false,
    comments: [],
    lead: undefined,
    trailing: undefined,
    room: limits.maxDepth,
  }
  const items = parseItems(parsing, "end of text")
  return {
    kind: "object",
    items,
    comments: parsing.comments,
    json: false,
    position: START,
    end: next(parsing).position,
  }
}

interface Parsing {
  readonly lexing: Lexer
  token: Token
  /** The token has been looked at, but not taken. */
  ahead: boolean
  readonly comments: CommentGroup[]
  /** The comment that the next item or element will find above itself. */
  lead: CommentGroup | undefined
  /** The comment behind what was read last. */
  trailing: CommentGroup | undefined
  /** How many more levels may be opened. */
  room: number
}

/** Takes the next token that is no comment; comments on the way are kept as `lead` and `trailing`. */
function next(parsing: Parsing): Token {
  if (parsing.ahead) {
    parsing.ahead = false
    return parsing.token
  }
  const lastLine = parsing.token.position.line
  parsing.token = nextToken(parsing.lexing)
  if (parsing.token.kind !== "comment") return parsing.token
  if (parsing.token.position.line === lastLine) {
    const { group, endLine } = takeComments(parsing, 0)
    if (parsing.token.position.line !== endLine) parsing.trailing = group
  }
  let last: { group: CommentGroup; endLine: number } | undefined
  while (isComment(parsing)) last = takeComments(parsing, 1)
  const token: Token = parsing.token
  const closing = CLOSING.has(token.kind)
  if (last !== undefined && last.endLine + 1 === token.position.line && !closing) parsing.lead = last.group
  return token
}

const CLOSING: ReadonlySet<TokenKind> = new Set(["}", "]"])

const isComment = (parsing: Parsing): boolean => parsing.token.kind === "comment"

/** Takes comments for as long as each begins at most `gap` lines after the end of the one before. */
function takeComments(parsing: Parsing, gap: number): { group: CommentGroup; endLine: number } {
  const texts: string[] = []
  const positions: Position[] = []
  let endLine = parsing.token.position.line
  while (isComment(parsing) && parsing.token.position.line <= endLine + gap) {
    const { text, position } = parsing.token
    texts.push(text)
    positions.push(position)
    endLine = position.line + (text.startsWith("/*") ? text.split("\n").length - 1 : 0)
    parsing.token = nextToken(parsing.lexing)
  }
  const group = { texts, positions }
  parsing.comments.push(group)
  return { group, endLine }
}

function peek(parsing: Parsing): Token {
  const token = next(parsing)
  parsing.ahead = true
  return token
}

function parseItems(parsing: Parsing, closing: TokenKind): HclItem[] {
  const items: HclItem[] = []
  const assigned = new Map<string, Position>()
  while (peek(parsing).kind !== closing) {
    const item = parseItem(parsing)
    const [key] = item.keys
    if (item.assigned && key !== undefined) {
      const before = assigned.get(key.name)
      if (before) throw new HclError(`"${key.name}" is set twice, first in line ${before.line} and again`, key.position)
      assigned.set(key.name, key.position)
    }
    items.push(item)
    if (peek(parsing).kind === ",") next(parsing)
  }
  return items
}

function parseItem(parsing: Parsing): HclItem {
  const keys = parseKeys(parsing)
  const [key] = keys
  const position = key?.position ?? parsing.token.position
  const lead = takeLead(parsing)
  const assigned = parsing.token.kind === "="
  const value = assigned ? parseValue(parsing, next(parsing)) : parseObject(parsing)
  let trailing = takeTrailing(parsing)
  peek(parsing)
  if (value.position.line === position.line) trailing = takeTrailing(parsing) ?? trailing
  return { keys, assigned, value, position, lead, trailing }
}

function takeLead(parsing: Parsing): CommentGroup | undefined {
  const { lead } = parsing
  parsing.lead = undefined
  return lead
}

function takeTrailing(parsing: Parsing): CommentGroup | undefined {
  const { trailing } = parsing
  parsing.trailing = undefined
  return trailing
}

/** Reads a key and its labels up to the `=` or `{` behind them. */
function parseKeys(parsing: Parsing): HclKey[] {
  const keys: HclKey[] = []
  for (;;) {
    const { kind, text, position } = next(parsing)
    if (kind === "identifier" || kind === "string") {
      keys.push({ name: kind === "string" ? unquote(text, position) : text, text, position })
      continue
    }
    const named = keys.map(key => key.text).join(" ")
    if (keys.length === 0) throw new HclError(`Expected a name, found ${said(parsing.token)}`, position)
    if (kind === "{") return keys
    if (kind !== "=") throw new HclError(`Expected "=" or "{" after ${named}, found ${said(parsing.token)}`, position)
    if (keys.length > 1)
      throw new HclError(`Expected "{" after ${named}: a block with labels has no "="; found "="`, position)
    return keys
  }
}

const said = ({ kind, text }: Token): string =>
  kind === "end of text" ? "the end of the text" : kind === text ? `"${text}"` : `${kind} ${excerpt(text)}`

const excerpt = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 40)}…`)

function parseValue(parsing: Parsing, token: Token): HclValue {
  if (token.kind === "{") return parseObject(parsing)
  if (token.kind === "[") return parseList(parsing)
  const value = literal(token)
  if (value !== undefined) return value
  const hint = token.kind === "identifier" ? " (text needs quotes)" : ""
  throw new HclError(`Expected a value, found ${said(token)}${hint}`, token.position)
}

function literal({ kind, text, position }: Token): HclLiteral | undefined {
  const common = { text, position, lead: undefined, trailing: undefined }
  if (kind === "string") return { kind, value: unquote(text, position), heredoc: false, ...common }
  if (kind === "heredoc") return { kind: "string", value: heredocText(text), heredoc: true, ...common }
  if (kind === "number") return { kind, value: integer(text, position), float: false, ...common }
  if (kind === "float") return { kind: "number", value: float(text, position), float: true, ...common }
  return kind === "bool" ? { kind, value: text === "true", ...common } : undefined
}

function open(parsing: Parsing): Position {
  const { position } = parsing.token
  if (parsing.room === 0) throw new HclError("Too many levels inside each other", position)
  parsing.room -= 1
  return position
}

function parseObject(parsing: Parsing): HclObject {
  const position = open(parsing)
  const items = parseItems(parsing, "}")
  const { position: end } = next(parsing)
  parsing.room += 1
  return { kind: "object", items, position, end }
}

/** Commas stand between elements; one too many, or none around an inner list, is let pass as hashicorp/hcl does. */
function parseList(parsing: Parsing): HclList {
  const position = open(parsing)
  const elements: HclValue[] = []
  let needsComma = false
  for (;;) {
    const token = next(parsing)
    if (token.kind === "]") break
    if (token.kind === ",") {
      peek(parsing)
      const last = elements[elements.length - 1]
      if (last !== undefined && last.kind !== "object" && last.kind !== "list" && parsing.trailing !== undefined) {
        last.trailing = takeTrailing(parsing)
      }
      needsComma = false
      continue
    }
    if (needsComma) throw new HclError(`Expected "," or "]" in a list, found ${said(token)}`, token.position)
    const element = parseValue(parsing, token)
    if (element.kind !== "object" && element.kind !== "list") element.lead = takeLead(parsing)
    elements.push(element)
    needsComma = element.kind !== "list"
  }
  parsing.room += 1
  return { kind: "list", elements, position }
}

/** HCL1 text to tokens, in the grammar of hashicorp/hcl v1. */

import { HclError, type Position } from "./error.ts"

export type TokenKind =
  | "end of text"
  | "identifier"
  | "string"
  | "heredoc"
  | "number"
  | "float"
  | "bool"
  | "comment"
  | "{"
  | "}"
  | "["
  | "]"
  | ","
  | "="
  | "+"
  | "-"
  | "."

export interface Token {
  readonly kind: TokenKind
  /** As it stands in the source. */
  readonly text: string
  readonly position: Position
}

const SIGNS: ReadonlyMap<string, TokenKind> = new Map(
  (["{", "}", "[", "]", ",", "=", "+", "-", "."] as const).map(sign => [sign, sign]),
)

const BLANK = /[ \t\n\r]*/y
const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy
const COMMENT = /(?:#|\/\/)[^\n]*|\/\*[\s\S]*?\*\//y
const NUMBER = /-?(?:0[xX][0-9a-fA-F]*|\d+(?:\.\d*)?(?:[eE][+-]?\d*)?)|\.\d+(?:[eE][+-]?\d*)?/y
const HEREDOC = /<<-?([\p{L}\p{Nd}_]*)([^\n]?)/uy
const ESCAPE = /\\(?:[abfnrtv\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y

export interface Lexer {
  readonly source: string
  offset: number
  line: number
  /** Offset of the first character of the line. */
  lineStart: number
  /** Offset of the next line's end: remembered, or each token of a long line would look for it again. */
  newline: number
}

/** A lexer over a text whose lines end in `\n`. */
export function lexer(source: string): Lexer {
  const nul = source.indexOf("\0")
  const lexing = { source, offset: 0, line: 1, lineStart: 0, newline: newlineFrom(source, 0) }
  if (nul >= 0) {
    advance(lexing, nul)
    throw new HclError("Unexpected null character", here(lexing))
  }
  return lexing
}

const here = ({ line, offset, lineStart }: Lexer): Position => ({ line, column: offset - lineStart + 1, offset })

/** Moves on, counting lines. */
function advance(lexing: Lexer, to: number): void {
  while (lexing.newline < to) {
    lexing.line += 1
    lexing.lineStart = lexing.newline + 1
    lexing.newline = newlineFrom(lexing.source, lexing.lineStart)
  }
  lexing.offset = to
}

function newlineFrom(source: string, offset: number): number {
  const newline = source.indexOf("\n", offset)
  return newline < 0 ? Number.POSITIVE_INFINITY : newline
}

function matchAt(pattern: RegExp, source: string, offset: number): RegExpExecArray | null {
  pattern.lastIndex = offset
  return pattern.exec(source)
}

/** The next token, comments included. At the end it keeps answering `end of text`. */
export function nextToken(lexing: Lexer): Token {
  const { source } = lexing
  advance(lexing, lexing.offset + (matchAt(BLANK, source, lexing.offset)?.[0].length ?? 0))
  const position = here(lexing)
  const start = lexing.offset
  const kind = scan(lexing, position)
  return { kind, text: source.slice(start, lexing.offset), position }
}

/** Moves to the end of the token that begins here, and says what it is. */
function scan(lexing: Lexer, position: Position): TokenKind {
  const { source, offset } = lexing
  const first = source[offset]
  if (first === undefined) return "end of text"
  if (first === '"') return scanString(lexing, position)
  if (first === "<") return scanHeredoc(lexing, position)
  if (first === "#" || first === "/") return scanComment(lexing, position)
  const word = matchAt(IDENTIFIER, source, offset)?.[0]
  if (word !== undefined) {
    lexing.offset += word.length
    return word === "true" || word === "false" ? "bool" : "identifier"
  }
  const digits = matchAt(NUMBER, source, offset)?.[0]
  if (digits !== undefined) {
    lexing.offset += digits.length
    return /^-?0[xX]/.test(digits) || !/[.eE]/.test(digits) ? "number" : "float"
  }
  const sign = SIGNS.get(first)
  if (sign === undefined) throw new HclError(`Unexpected character ${quote(source, offset)}`, position)
  lexing.offset += 1
  return sign
}

function quote(source: string, offset: number): string {
  return JSON.stringify(String.fromCodePoint(source.codePointAt(offset) ?? 0xfffd))
}

function scanComment(lexing: Lexer, position: Position): TokenKind {
  const text = matchAt(COMMENT, lexing.source, lexing.offset)?.[0]
  if (text === undefined) {
    const open = lexing.source.startsWith("/*", lexing.offset)
    throw new HclError(open ? "This comment has no end" : 'Expected "//" or "/*" for a comment', position)
  }
  advance(lexing, lexing.offset + text.length)
  return "comment"
}

/** Inside `${…}` quotes and newlines are ordinary characters, as long as the braces pair up. */
function scanString(lexing: Lexer, position: Position): TokenKind {
  const { source } = lexing
  let depth = 0
  let at = lexing.offset + 1
  for (;;) {
    const character = source[at]
    if (character === undefined || (character === "\n" && depth === 0)) {
      throw new HclError("This string has no closing quote", position)
    }
    if (character === '"' && depth === 0) break
    if (character === "\\") {
      const sequence = matchAt(ESCAPE, source, at)?.[0]
      if (sequence === undefined) {
        advance(lexing, at)
        throw new HclError(`Unknown escape "\\${source[at + 1] ?? ""}" in a string`, here(lexing))
      }
      at += sequence.length
      continue
    }
    if (character === "$" && depth === 0 && source[at + 1] === "{") {
      depth = 1
      at += 2
      continue
    }
    if (depth > 0 && character === "{") depth += 1
    if (depth > 0 && character === "}") depth -= 1
    at += 1
  }
  advance(lexing, at + 1)
  return "string"
}

function scanHeredoc(lexing: Lexer, position: Position): TokenKind {
  const { source, offset } = lexing
  const opening = matchAt(HEREDOC, source, offset)
  if (opening === null) throw new HclError('Expected "<<" and a name for a heredoc', position)
  const [text, anchor = "", stray = ""] = opening
  if (anchor === "" && stray === "") throw new HclError("A heredoc needs a name behind its <<", position)
  if (stray !== "")
    throw new HclError(`Only letters and digits can name a heredoc, not ${JSON.stringify(stray)}`, position)
  let lineStart = offset + text.length + 1
  for (;;) {
    const lineEnd = source.indexOf("\n", lineStart)
    if (lineEnd < 0) throw new HclError(`This heredoc has no line "${anchor}" to end it`, position)
    if (isClosing(source.slice(lineStart, lineEnd), anchor)) {
      advance(lexing, lineEnd + 1)
      return "heredoc"
    }
    lineStart = lineEnd + 1
  }
}

const isClosing = (line: string, anchor: string): boolean =>
  line.endsWith(anchor) && line.slice(0, line.length - anchor.length).trim() === ""

/** The tree of an HCL or JSON text. Comments stand in it where they belong to something, so that a text can be written anew. */

import type { Position } from "./error.ts"

export interface HclFile {
  readonly kind: "object"
  readonly items: readonly HclItem[]
  /** Every comment of the text, in order, neighbours grouped. */
  readonly comments: readonly CommentGroup[]
  readonly json: boolean
  readonly position: Position
  /** Where the text ends. */
  readonly end: Position
}

/** `key = value`, `key { … }` or `key "label" "label" { … }`. */
export interface HclItem {
  /** The key and, for a block, its labels. */
  readonly keys: readonly HclKey[]
  /** Written with `=` (in JSON: always). */
  readonly assigned: boolean
  readonly value: HclValue
  readonly position: Position
  /** The comment right above. */
  readonly lead: CommentGroup | undefined
  /** The comment behind it on the same line. */
  readonly trailing: CommentGroup | undefined
}

export interface HclKey {
  readonly name: string
  /** As written, with quotes. */
  readonly text: string
  readonly position: Position
}

export type HclValue = HclLiteral | HclList | HclObject

export type HclLiteral = HclString | HclNumber | HclBool | HclNull

interface Literal {
  /** As written: with quotes, as hexadecimal number, heredoc with its anchors. */
  readonly text: string
  readonly position: Position
  lead: CommentGroup | undefined
  trailing: CommentGroup | undefined
}

export interface HclString extends Literal {
  readonly kind: "string"
  /** Escapes resolved; `${…}` left as it is. */
  readonly value: string
  readonly heredoc: boolean
}

export interface HclNumber extends Literal {
  readonly kind: "number"
  /** A bigint when it is an integer that a number cannot hold exactly. */
  readonly value: number | bigint
  /** Whether it is written as a fraction or with an exponent. */
  readonly float: boolean
}

export interface HclBool extends Literal {
  readonly kind: "bool"
  readonly value: boolean
}

/** Only JSON has it. */
export interface HclNull extends Literal {
  readonly kind: "null"
  readonly value: null
}

export interface HclList {
  readonly kind: "list"
  readonly elements: readonly HclValue[]
  readonly position: Position
}

export interface HclObject {
  readonly kind: "object"
  readonly items: readonly HclItem[]
  readonly position: Position
  /** Where its closing brace stands. */
  readonly end: Position
}

export interface CommentGroup {
  /** Each as written, with its marks. */
  readonly texts: readonly string[]
  /** Where each begins. */
  readonly positions: readonly Position[]
}

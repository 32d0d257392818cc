import { inTime, linearOccurs, mayTakeLong } from "./guard.ts"
import { decodeRunes } from "./runes.ts"

/** A pattern in RE2 syntax, translated (`compile.ts`): plain data that can be stored and loaded without its parser. */
export type CompiledPattern = {
  source: string
  groups: number
  /** JavaScript source for byte strings, and for decoded text with the flag `u`. */
  bytes: string
  runes: string
  /** The bytes form without the preamble. */
  rest: string
  /** Whether text beyond ASCII can matter, so that it must be decoded. */
  seesRunes: boolean
  /** For such patterns: matches bytes wherever the rest matches runes, and perhaps elsewhere. */
  loose?: string
  /** A lazy run before the rest: which bytes (as inclusive ranges) and how many. */
  preamble?: { set: readonly number[]; max: number }
  anchor?: Anchor
  /** Literals (lower case) of which every match holds one, wherever; absent when there are none or too many. */
  needs?: string[]
  /** How many steps backtracking may need (`cost.ts`); absent when they are few, or the pattern was measured. */
  steps?: number[]
  /** With `steps`: sets of literals (lower case), of each of which a text must hold one to match. */
  requires?: string[][]
  /** With `steps`: literals (lower case) of which a text must hold one for backtracking to take long; absent when none tell. */
  starts?: string[]
}

/**
 * Literals (lower case) of which every match of a pattern holds one near its start, so that it is tried only there.
 * Offsets count bytes from the start of the match (after the preamble) to the start of the literal.
 */
export type Anchor = { text: string; minOffset: number; maxOffset: number }[]

/**
 * What the text is made of. `bytes`: each character of the string is one byte (latin1); exact on ASCII text.
 * `runes`: the string is decoded text and the expression carries the `u` flag.
 */
export type Alphabet = "bytes" | "runes"

/** Expressions are made on first use: most rules of a run are never reached. */
export type Pattern = CompiledPattern & {
  /** The whole pattern, `flags` besides those the alphabet needs. Cached per alphabet and flags. */
  regexp(alphabet: Alphabet, flags: "" | "g" | "y"): RegExp
  /** The pattern without its preamble, sticky: tried at one place only. */
  sticky(form?: "rest" | "loose"): RegExp
}

export function patternOf(compiled: CompiledPattern): Pattern {
  const cache = new Map<string, RegExp>()
  const cached = (key: string, source: string, flags: string) => {
    let regexp = cache.get(key)
    if (regexp === undefined) cache.set(key, (regexp = new RegExp(source, flags)))
    return regexp
  }
  return {
    ...compiled,
    regexp: (alphabet, flags) =>
      cached(alphabet + flags, compiled[alphabet], alphabet === "runes" ? `${flags}u` : flags),
    sticky: (form = "rest") => cached(form, compiled[form] ?? compiled.rest, "y"),
  }
}

const isAscii = /^[\x00-\x7f]*$/

/** Whether the pattern occurs in a byte string (latin1), read as Go reads a string: as UTF-8. */
export function occursIn(pattern: Pattern, bytes: string): boolean {
  const isPlain = isAscii.test(bytes)
  if (isPlain && !mayOccur(pattern, bytes)) return false
  const search = () =>
    isPlain ? pattern.regexp("bytes", "").test(bytes) : pattern.regexp("runes", "").test(decodeRunes(bytes).text)
  if (!mayTakeLong(pattern, bytes.length, bytes.length)) return search()
  if (isPlain && !holdsOne(pattern.starts, bytes.toLowerCase())) return search()
  return inTime(bytes.length, search)?.done ?? linearOccurs(pattern, bytes)
}

/** Paths are many, exempt ones few: most are told by the literals that a match must hold. */
const mayOccur = ({ needs }: Pattern, text: string) => needs === undefined || holdsOne(needs, text.toLowerCase())

/** Without literals nothing is known. */
const holdsOne = (literals: readonly string[] | undefined, lower: string) =>
  literals === undefined || literals.some(literal => lower.includes(literal))

/** Whether a text holds what every match of a guarded pattern holds. */
export function holdsRequired({ requires = [] }: Pattern, text: string): boolean {
  const lower = text.toLowerCase()
  return requires.every(literals => holdsOne(literals, lower))
}

import { isAscii } from "node:buffer"
import { decodeRunes, type Runes } from "../re2/runes.ts"
import type { Matcher, Ruleset } from "./ruleset.ts"

/**
 * One text and what the automaton found in it: which rules have a keyword there, and where their patterns are worth
 * trying. What it found is kept in the ruleset's scratch space until the next text is read.
 */
export type Text = {
  readonly bytes: Uint8Array
  /** The bytes as a string of characters below 256. */
  string(): string
  runes(): Runes
  ascii(): boolean
  /** Whether the text holds U+212A or U+017F, which fold with K and S: then every pattern reads runes. */
  readonly foreignFolds: boolean
  /** The rules to run, in their order: those of which a keyword occurs, and those without keywords. */
  open(): readonly Matcher[]
  /** Offsets at which the anchored part of a rule may match, ascending. */
  tries(matcher: Matcher): readonly number[]
}

/** Marks and lists that are used again for each text: hunks are short and many. */
export type Scratch = {
  /** By rule: the number of the last text that opened it. */
  openedIn: Uint32Array
  /** By accepting state: the number of the last text in which it was seen. */
  seenIn: Uint32Array
  tries: number[][]
  /** Rules whose list of tries is not empty. */
  filled: number[]
  textNumber: number
}

export const scratchFor = (rules: number, states: number): Scratch => ({
  openedIn: new Uint32Array(rules),
  seenIn: new Uint32Array(states),
  tries: Array.from({ length: rules }, () => []),
  filled: [],
  textNumber: 0,
})

export const readText = (ruleset: Ruleset, bytes: Uint8Array): Text =>
  textAmong(ruleset, bytes, { first: 0, last: ruleset.automaton.scan(bytes), shift: 0 })

/** Of what the automaton has found, the part that belongs to one text, which begins at `shift`. */
export type Hits = { first: number; last: number; shift: number }

/** A text in the midst of what the automaton has read; `plain` is the same as a string, when it is ASCII. */
export const textAmong = (ruleset: Ruleset, bytes: Uint8Array, hits: Hits, plain?: string): Text =>
  new TextAmong(ruleset, bytes, hits, plain)

/** Made for each of many short texts, so that it is to cost little: what few of them need is made when it is asked for. */
class TextAmong implements Text {
  readonly bytes: Uint8Array
  readonly foreignFolds: boolean
  readonly #ruleset: Ruleset
  readonly #hits: Hits
  #string: string | undefined
  #runes: Runes | undefined
  #ascii: boolean | undefined
  #gathered = false

  constructor(ruleset: Ruleset, bytes: Uint8Array, hits: Hits, plain: string | undefined) {
    ruleset.scratch.textNumber++
    this.bytes = bytes
    this.#ruleset = ruleset
    this.#hits = hits
    this.#string = plain
    this.#ascii = plain === undefined ? undefined : true
    this.foreignFolds = hits.last > hits.first && !this.ascii() && holdsForeignFolds(bytes)
  }

  string(): string {
    return (this.#string ??= bufferOf(this.bytes).toString("latin1"))
  }

  runes(): Runes {
    return (this.#runes ??= decodeRunes(this.string()))
  }

  ascii(): boolean {
    return (this.#ascii ??= isAscii(this.bytes))
  }

  open(): readonly Matcher[] {
    return this.foreignFolds ? openInRunes(this.#ruleset, this.runes().text) : openInHits(this.#ruleset, this.#hits)
  }

  tries(matcher: Matcher): readonly number[] {
    if (!this.#gathered) gatherTries(this.#ruleset, this.#hits)
    this.#gathered = true
    return this.#ruleset.scratch.tries[matcher.index] ?? []
  }
}

export const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength)

function holdsForeignFolds(bytes: Uint8Array): boolean {
  const buffer = bufferOf(bytes)
  return buffer.includes("\u212a") || buffer.includes("\u017f")
}

function openInHits(ruleset: Ruleset, { first, last }: Hits): readonly Matcher[] {
  const { seenIn, openedIn, textNumber } = ruleset.scratch
  const { opens } = ruleset.compiled
  const hits = ruleset.automaton.hits()
  const found: number[] = []
  for (let i = first; i < last; i++) {
    const state = hits[i * 2 + 1] ?? 0
    if (seenIn[state] === textNumber) continue
    seenIn[state] = textNumber
    const end = opens.starts[state + 1] ?? 0
    for (let at = opens.starts[state] ?? 0; at < end; at++) {
      const rule = opens.items[at] ?? 0
      if (openedIn[rule] === textNumber) continue
      openedIn[rule] = textNumber
      found.push(rule)
    }
  }
  return inOrder(ruleset, found)
}

function openInRunes(ruleset: Ruleset, text: string): readonly Matcher[] {
  const lower = text.toLowerCase()
  const holdsKeyword = (index: number) => ruleset.matcher(index).rule.keywords.some(keyword => lower.includes(keyword))
  return inOrder(ruleset, [...ruleset.compiled.ids.keys()].filter(holdsKeyword))
}

function inOrder({ compiled, matcher }: Ruleset, opened: number[]): readonly Matcher[] {
  if (compiled.unconditional.length > 0) opened.push(...compiled.unconditional)
  if (opened.length > 1) opened.sort((a, b) => a - b)
  return opened.map(matcher)
}

/** The tries of the open rules, and of those that are run without being opened. */
function gatherTries(ruleset: Ruleset, { first, last: end, shift }: Hits): void {
  const { scratch, automaton } = ruleset
  const { starts, items } = ruleset.compiled.tries
  const hits = automaton.hits()
  for (const rule of scratch.filled) scratch.tries[rule] = []
  scratch.filled.length = 0
  for (let i = first; i < end; i++) {
    const state = hits[i * 2 + 1] ?? 0
    const last = starts[state + 1] ?? 0
    const at = (hits[i * 2] ?? 0) - shift
    for (let e = starts[state] ?? 0; e < last; e += 3) {
      const rule = items[e] ?? 0
      if (scratch.openedIn[rule] !== scratch.textNumber && ruleset.alwaysTried[rule] === 0) continue
      const list = scratch.tries[rule] ?? []
      if (list.length === 0) scratch.filled.push(rule)
      const stop = at - (items[e + 2] ?? 0)
      for (let place = Math.max(at - (items[e + 1] ?? 0), 0); place <= stop; place++) list.push(place)
    }
  }
  for (const rule of scratch.filled) {
    const list = scratch.tries[rule] ?? []
    if (!isAscending(list)) list.sort((a, b) => a - b)
  }
}

function isAscending(list: readonly number[]): boolean {
  for (let i = 1; i < list.length; i++) if ((list[i] ?? 0) < (list[i - 1] ?? 0)) return false
  return true
}

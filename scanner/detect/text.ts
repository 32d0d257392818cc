import { isAscii } from "node:buffer"
import { decodeRunes, type Runes } from "../re2/runes.ts"
import type { Matcher, Ruleset } from "./ruleset.ts"

/**
 * One text and what the automaton found in it: which rules have a keyword there, and where their patterns are worth
 * trying.
 */
export type Text = {
  ruleset: Ruleset
  bytes: Uint8Array
  /** The bytes as a string of characters below 256. */
  string(): string
  runes(): Runes
  ascii(): boolean
  /** Whether the text holds U+212A or U+017F, which fold with K and S: then every pattern reads runes. */
  foreignFolds: boolean
  isOpen(matcher: Matcher): boolean
  /** Offsets at which the anchored part of a rule may match, ascending. */
  tries(matcher: Matcher): readonly number[]
  anyOpen: boolean
}

/** The marks of a scan are kept in the ruleset's scratch space: one text at a time is examined. */
export function readText(ruleset: Ruleset, bytes: Uint8Array): Text {
  const { automaton } = ruleset
  const count = automaton.scan(bytes)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let string: string | undefined
  let runes: Runes | undefined
  let ascii: boolean | undefined
  const latin1 = () => (string ??= buffer.toString("latin1"))
  const toRunes = () => (runes ??= decodeRunes(latin1()))
  const isPlain = () => (ascii ??= isAscii(bytes))
  const foreignFolds = count > 0 && !isPlain() && (buffer.includes("\u212a") || buffer.includes("\u017f"))
  const open = foreignFolds ? openInRunes(ruleset, toRunes().text) : openInHits(ruleset, count)
  let tries: number[][] | undefined
  return {
    ruleset,
    bytes,
    string: latin1,
    runes: toRunes,
    ascii: isPlain,
    foreignFolds,
    isOpen: matcher => matcher.rule.keywords.length === 0 || open.has(matcher.index),
    tries: matcher => (tries ??= gatherTries(ruleset, count, open))[matcher.index] ?? [],
    anyOpen: open.size > 0,
  }
}

function openInHits(ruleset: Ruleset, count: number): Set<number> {
  const hits = ruleset.automaton.hits()
  const seen = new Uint8Array(ruleset.opens.length)
  const open = new Set<number>()
  for (let i = 0; i < count; i++) {
    const state = hits[i * 2 + 1] ?? 0
    if (seen[state] === 1) continue
    seen[state] = 1
    for (const rule of ruleset.opens[state] ?? []) open.add(rule)
  }
  return open
}

function openInRunes(ruleset: Ruleset, text: string): Set<number> {
  const lower = text.toLowerCase()
  const found = ruleset.matchers.filter(({ rule }) => rule.keywords.some(keyword => lower.includes(keyword)))
  return new Set(found.map(matcher => matcher.index))
}

function gatherTries(ruleset: Ruleset, count: number, open: ReadonlySet<number>): number[][] {
  const hits = ruleset.automaton.hits()
  const tries: number[][] = ruleset.matchers.map(() => [])
  const wanted = Uint8Array.from(ruleset.matchers, ({ rule, index }) =>
    rule.keywords.length === 0 || open.has(index) ? 1 : 0,
  )
  for (let i = 0; i < count; i++) {
    const entries = ruleset.tries[hits[i * 2 + 1] ?? 0]
    if (entries === undefined) continue
    const end = hits[i * 2] ?? 0
    for (let e = 0; e < entries.length; e += 3) {
      const rule = entries[e] ?? 0
      if (wanted[rule] === 0) continue
      const list = tries[rule]
      const last = end - (entries[e + 2] ?? 0)
      for (let at = Math.max(end - (entries[e + 1] ?? 0), 0); at <= last; at++) list?.push(at)
    }
  }
  for (const list of tries) if (list.length > 1 && !isAscending(list)) list.sort((a, b) => a - b)
  return tries
}

function isAscending(list: readonly number[]): boolean {
  for (let i = 1; i < list.length; i++) if ((list[i] ?? 0) < (list[i - 1] ?? 0)) return false
  return true
}

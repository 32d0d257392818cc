import { isAscii } from "node:buffer"
import { occursIn } from "../re2/pattern.ts"
import { decodable } from "./decode.ts"
import type { DetectOptions } from "./detector.ts"
import { eachMatch } from "./match.ts"
import type { Matcher, Ruleset } from "./ruleset.ts"
import { type Text, textAmong } from "./text.ts"

/** Short texts that lie one after another in the same bytes. */
export type Row = {
  bytes: Uint8Array
  texts: readonly { path: string; end: number }[]
}

/** For each text of a row, 1 where something may be found. */
export type Sieve = (row: Row) => Uint8Array

/**
 * Sorts out the texts in which {@link detect} finds nothing: those in which no rule matches and nothing decodes. All texts of a
 * row are read in one go, since a history consists of a hundred thousand hunks and most hold a few words.
 */
export function sieveFor(ruleset: Ruleset, { maxDecodeDepth }: DetectOptions): Sieve {
  const always = ruleset.compiled.unconditional.map(ruleset.matcher)
  const byPath = pathsOf(always)
  const counts = countingStates(ruleset)
  return ({ bytes, texts }) => {
    const marks = new Uint8Array(texts.length)
    if (always.some(one => one.regex !== undefined)) return marks.fill(1)
    const isPlain = isAscii(bytes)
    const count = ruleset.automaton.scan(bytes)
    const hits = ruleset.automaton.hits()
    const mayDecode = maxDecodeDepth > 0 ? decodable(bytes) : () => false
    let first = 0
    let start = 0
    for (let i = 0; i < texts.length; i++) {
      const { path, end } = texts[i] ?? { path: "", end: start }
      let last = first
      // Among letters beyond ASCII are two that fold with K and S, and then patterns are tried everywhere.
      let matters = (hits[first * 2] ?? 0) <= end && first < count && !isPlain
      for (; last < count && (hits[last * 2] ?? 0) <= end; last++)
        if (counts[hits[last * 2 + 1] ?? 0] === 1) matters = true
      const matches = () =>
        matters && matchesAny(textAmong(ruleset, bytes.subarray(start, end), { first, last, shift: start }), always)
      if (byPath(path) || mayDecode(start, end) || matches()) marks[i] = 1
      first = last
      start = end
    }
    return marks
  }
}

/** By accepting state, 1: a text that holds no other hits holds no match, since no pattern is tried there. */
function countingStates({ compiled: { opens, tries, ids } }: Ruleset): Uint8Array {
  const isAnchored = new Uint8Array(ids.length)
  for (let i = 0; i < tries.items.length; i += 3) isAnchored[tries.items[i] ?? 0] = 1
  return Uint8Array.from({ length: opens.starts.length - 1 }, (_, state) => {
    const opened = opens.items.subarray(opens.starts[state], opens.starts[state + 1])
    const isTried = (tries.starts[state + 1] ?? 0) > (tries.starts[state] ?? 0)
    return isTried || opened.some(rule => isAnchored[rule] === 0) ? 1 : 0
  })
}

/** Whether a rule without a pattern for texts speaks of a path; asked of one path many times in a row. */
function pathsOf(matchers: readonly Matcher[]): (path: string) => boolean {
  let last = { path: "", isMeant: false }
  return path => {
    if (path !== last.path) {
      const bytes = Buffer.from(path).toString("latin1")
      last = { path, isMeant: matchers.some(one => one.path !== undefined && occursIn(one.path, bytes)) }
    }
    return last.isMeant
  }
}

/** Whether a rule matches, or speaks of paths only; of those in `always` the path has told. */
const matchesAny = (text: Text, always: readonly Matcher[]) =>
  text.open().some(matcher => {
    let matches = matcher.regex === undefined && !always.includes(matcher)
    if (!matcher.rule.skipReport) eachMatch(text, matcher, () => (matches = true))
    return matches
  })

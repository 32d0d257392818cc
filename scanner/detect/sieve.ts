import { isAscii } from "node:buffer"
import { occursIn } from "../re2/pattern.ts"
import { decodable } from "./decode.ts"
import type { DetectOptions } from "./detector.ts"
import { eachMatch } from "./match.ts"
import type { Matcher, Ruleset } from "./ruleset.ts"
import { bufferOf, type Text, textAmong } from "./text.ts"

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
  const says = sayings(ruleset)
  return ({ bytes, texts }) => {
    const marks = new Uint8Array(texts.length)
    if (always.some(one => one.regex !== undefined)) return marks.fill(1)
    const isPlain = isAscii(bytes)
    const count = ruleset.automaton.scan(bytes)
    const hits = ruleset.automaton.hits()
    const mayDecode = maxDecodeDepth > 0 ? decodable(bytes) : () => false
    // Parts of one string cost less than a string of each part.
    let whole: string | undefined
    const plainPart = (start: number, end: number) =>
      isPlain ? (whole ??= bufferOf(bytes).toString("latin1")).slice(start, end) : undefined
    let first = 0
    let start = 0
    for (let i = 0; i < texts.length; i++) {
      const { path, end } = texts[i] ?? { path: "", end: start }
      let last = first
      let said = 0
      for (; last < count && (hits[last * 2] ?? 0) <= end; last++) said |= says[hits[last * 2 + 1] ?? 0] ?? 0
      // Among letters beyond ASCII are two that fold with K and S, and then patterns are tried everywhere.
      const matters = last > first && (!isPlain || said >= enough)
      if (byPath(path) || mayDecode(start, end)) marks[i] = 1
      else if (matters) {
        const text = textAmong(
          ruleset,
          bytes.subarray(start, end),
          { first, last, shift: start },
          plainPart(start, end),
        )
        if (matchesAny(text, always)) marks[i] = 1
      }
      first = last
      start = end
    }
    return marks
  }
}

const opensOne = 1
const triesOne = 2
/** Both together, in a text or at one place. */
const enough = opensOne | triesOne

/**
 * What each accepting state says of a text that holds it. Where nothing opens a rule, or none of those opened is tried anywhere,
 * no rule matches.
 */
function sayings({ compiled: { opens, tries, ids }, alwaysTried }: Ruleset): Uint8Array {
  const isAnchored = new Uint8Array(ids.length)
  for (let i = 0; i < tries.items.length; i += 3) isAnchored[tries.items[i] ?? 0] = 1
  return Uint8Array.from({ length: opens.starts.length - 1 }, (_, state) => {
    const opened = opens.items.subarray(opens.starts[state], opens.starts[state + 1])
    const tried = tries.items.subarray(tries.starts[state], tries.starts[state + 1]).filter((_, i) => i % 3 === 0)
    if (opened.some(rule => isAnchored[rule] === 0) || tried.some(rule => alwaysTried[rule] === 1)) return enough
    return (opened.length > 0 ? opensOne : 0) | (tried.length > 0 ? triesOne : 0)
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

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
  return ({ bytes, texts }) => {
    const marks = new Uint8Array(texts.length)
    if (always.some(one => one.regex !== undefined)) return marks.fill(1)
    const count = ruleset.automaton.scan(bytes)
    const hits = ruleset.automaton.hits()
    const mayDecode = maxDecodeDepth > 0 ? decodable(bytes) : () => false
    let first = 0
    let start = 0
    texts.forEach(({ path, end }, i) => {
      let last = first
      while (last < count && (hits[last * 2] ?? 0) <= end) last++
      const matches = () =>
        last > first && matchesAny(textAmong(ruleset, bytes.subarray(start, end), { first, last, shift: start }))
      if (byPath(path) || mayDecode(start, end) || matches()) marks[i] = 1
      first = last
      start = end
    })
    return marks
  }
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

const matchesAny = (text: Text) =>
  text.open().some(matcher => {
    let matches = false
    if (!matcher.rule.skipReport) eachMatch(text, matcher, () => (matches = true))
    return matches
  })

import { inTime, linearMatches, mayTakeLong } from "../re2/guard.ts"
import { holdsRequired, type Pattern } from "../re2/pattern.ts"
import type { Matcher } from "./ruleset.ts"
import type { Text } from "./text.ts"

/** Calls back for each match of a rule's pattern, as offsets in bytes, leftmost first and not overlapping. */
export function eachMatch(text: Text, matcher: Matcher, found: (start: number, end: number) => void): void {
  const { regex } = matcher
  if (regex === undefined) return
  const tries = matcher.anchored && !text.foreignFolds ? text.tries(matcher) : undefined
  if (tries?.length === 0) return
  const { length } = text.bytes
  if (!mayTakeLong(regex, length, tries?.length ?? length)) {
    matchesOf(text, matcher, regex, tries, found)
    return
  }
  // Watching takes longer than looking for what a match must hold.
  if (!text.foreignFolds && !holdsRequired(regex, text.string())) return
  const spans: [number, number][] = []
  const isDone = inTime(length, () => matchesOf(text, matcher, regex, tries, (start, end) => spans.push([start, end])))
  for (const [start, end] of isDone ? spans : linearMatches(regex, text.bytes)) found(start, end)
}

function matchesOf(
  text: Text,
  matcher: Matcher,
  regex: Pattern,
  tries: readonly number[] | undefined,
  found: (start: number, end: number) => void,
): void {
  const inRunes = text.foreignFolds || (regex.seesRunes && !text.ascii())
  if (tries !== undefined) {
    if (!inRunes) {
      anchoredMatches(text.string(), tries, matcher, regex.sticky(), found)
      return
    }
    // Few texts hold a match; those that cannot are not decoded.
    if (!matchesAny(text.string(), tries, regex.sticky("loose"))) return
  }
  if (inRunes) {
    const { text: decoded, offsets } = text.runes()
    allMatches(decoded, regex, "runes", (start, end) => found(offsets[start] ?? 0, offsets[end] ?? 0))
  } else allMatches(text.string(), regex, "bytes", found)
}

/**
 * Tries the pattern only where its anchor lies. The preamble never decides whether there is a match, only where it
 * begins: it is walked back afterwards, not beyond the previous match.
 */
function anchoredMatches(
  text: string,
  tries: readonly number[],
  { preamble }: Matcher,
  sticky: RegExp,
  found: (start: number, end: number) => void,
): void {
  let free = 0
  let tried = -1
  for (const at of tries) {
    if (at < free || at === tried) continue
    tried = at
    sticky.lastIndex = at
    if (!sticky.test(text)) continue
    const end = sticky.lastIndex
    let start = at
    if (preamble !== undefined) {
      const least = Math.max(free, at - preamble.max)
      while (start > least && preamble.bytes[text.charCodeAt(start - 1)] === 1) start--
    }
    found(start, end)
    free = Math.max(end, at + 1)
  }
}

function matchesAny(text: string, tries: readonly number[], sticky: RegExp): boolean {
  return tries.some(at => {
    sticky.lastIndex = at
    return sticky.test(text)
  })
}

/** Go skips an empty match right after another match; JavaScript would report it. */
function allMatches(
  text: string,
  regex: Pattern,
  alphabet: "bytes" | "runes",
  found: (start: number, end: number) => void,
): void {
  const regexp = regex.regexp(alphabet, "g")
  regexp.lastIndex = 0
  let previousEnd = -1
  for (let match = regexp.exec(text); match !== null; match = regexp.exec(text)) {
    const end = match.index + match[0].length
    if (match[0] === "") regexp.lastIndex = end + 1
    if (match[0] !== "" || end !== previousEnd) {
      const resume = regexp.lastIndex
      found(match.index, end)
      regexp.lastIndex = resume
    }
    previousEnd = end
  }
}

/** Path patterns: exact, `prefix*`, and `+` for one whole segment; and which of several matching ones decides. */

export interface Pattern {
  /** As written, without leading slash. */
  readonly text: string
  /** `text` without the closing `*`. */
  readonly head: string
  /** `head` by slashes; the last is only the beginning of a segment when `glob`. */
  readonly segments: readonly string[]
  /** Ends in `*`: anything may follow. */
  readonly glob: boolean
  /** How many segments are `+`. */
  readonly wildcards: number
  /** Where the first `+` or `*` stands; Infinity when there is none, and the pattern is a path. */
  readonly firstWildcard: number
}

export function parsePattern(text: string): Pattern {
  const glob = text.endsWith("*")
  const head = glob ? text.slice(0, -1) : text
  const segments = head.split("/")
  let wildcards = 0
  let firstWildcard = glob ? head.length : Number.POSITIVE_INFINITY
  let at = 0
  for (const segment of segments) {
    if (segment === "+") {
      wildcards += 1
      firstWildcard = Math.min(firstWildcard, at)
    }
    at += segment.length + 1
  }
  return { text, head, segments, glob, wildcards, firstWildcard }
}

export const isExact = (pattern: Pattern): boolean => pattern.firstWildcard === Number.POSITIVE_INFINITY

/** Why one pattern goes before another, in the order in which it is asked. */
export type Precedence =
  | "exact path"
  | "first wildcard later"
  | "no closing *"
  | "fewer + segments"
  | "longer"
  | "alphabetically last"
  | "same"

export interface Ranking {
  /** Positive when the first pattern decides, negative when the second does, 0 when they are the same. */
  readonly order: number
  readonly by: Precedence
}

/** Vault's order of precedence between two patterns that match the same path. */
export function rank(a: Pattern, b: Pattern): Ranking {
  const first = compare(a.firstWildcard, b.firstWildcard)
  if (first !== 0) return { order: first, by: isExact(a) || isExact(b) ? "exact path" : "first wildcard later" }
  if (a.glob !== b.glob) return { order: a.glob ? -1 : 1, by: "no closing *" }
  if (a.wildcards !== b.wildcards) return { order: b.wildcards - a.wildcards, by: "fewer + segments" }
  if (a.head.length !== b.head.length) return { order: a.head.length - b.head.length, by: "longer" }
  if (a.head !== b.head) return { order: a.head > b.head ? 1 : -1, by: "alphabetically last" }
  return { order: 0, by: "same" }
}

// Infinity - Infinity is NaN, so no subtraction here.
const compare = (a: number, b: number): number => (a === b ? 0 : a > b ? 1 : -1)

/** Whether a path is one that the pattern means. */
export function matches(pattern: Pattern, path: string): boolean {
  const segments = path.split("/")
  const last = pattern.segments.length - 1
  if (pattern.glob ? segments.length <= last : segments.length !== last + 1) return false
  return pattern.segments.every((wanted, index) => {
    const segment = segments[index] ?? ""
    if (pattern.glob && index === last) return segment.startsWith(wanted)
    return wanted === "+" || wanted === segment
  })
}

/** Whether any path below a prefix (`secret/`) is one that the pattern means. */
export function canMeet(pattern: Pattern, prefix: string): boolean {
  const wanted = prefix.replace(/\/$/, "").split("/")
  const given = pattern.segments
  if (!pattern.glob && given.length <= wanted.length) return false
  return wanted.every((segment, index) => {
    const one = given[index]
    if (one === undefined) return true
    if (pattern.glob && index === given.length - 1) return segment.startsWith(one)
    return one === "+" || one === segment
  })
}

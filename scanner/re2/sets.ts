/**
 * Sets of code points as sorted, disjoint, inclusive ranges: `[lo, hi, lo, hi, …]`.
 * The character classes of a pattern are such sets once its flags and escapes are resolved.
 */
export type CodePoints = readonly number[]

export const lastCodePoint = 0x10ffff
export const digits: CodePoints = [0x30, 0x39]
export const word: CodePoints = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
/** RE2's `\s` is narrower than JavaScript's: no vertical tab, no Unicode spaces. */
export const space: CodePoints = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20]
export const notNewline: CodePoints = [0, 9, 11, lastCodePoint]
export const everything: CodePoints = [0, lastCodePoint]

const posix = new Map<string, CodePoints>([
  ["alnum", [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a]],
  ["alpha", [0x41, 0x5a, 0x61, 0x7a]],
  ["ascii", [0, 0x7f]],
  ["blank", [0x09, 0x09, 0x20, 0x20]],
  ["cntrl", [0, 0x1f, 0x7f, 0x7f]],
  ["digit", digits],
  ["graph", [0x21, 0x7e]],
  ["lower", [0x61, 0x7a]],
  ["print", [0x20, 0x7e]],
  ["punct", [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ["space", [0x09, 0x0d, 0x20, 0x20]],
  ["upper", [0x41, 0x5a]],
  ["word", word],
  ["xdigit", [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
])

/** The members of a POSIX class such as `alpha` in `[[:alpha:]]`, or undefined for an unknown name. */
export const posixClass = (name: string): CodePoints | undefined => posix.get(name)

/** Sorts ranges and joins those that touch. */
export function normalise(ranges: readonly number[]): CodePoints {
  const pairs: [number, number][] = []
  for (let i = 0; i + 1 < ranges.length; i += 2) pairs.push([ranges[i] ?? 0, ranges[i + 1] ?? 0])
  pairs.sort((a, b) => a[0] - b[0])
  const joined: number[] = []
  for (const [lo, hi] of pairs) {
    const end = joined.at(-1)
    if (end !== undefined && lo <= end + 1) joined[joined.length - 1] = Math.max(end, hi)
    else joined.push(lo, hi)
  }
  return joined
}

/** Everything outside the set. */
export function complement(set: CodePoints): CodePoints {
  const rest: number[] = []
  let next = 0
  for (let i = 0; i + 1 < set.length; i += 2) {
    const lo = set[i] ?? 0
    if (lo > next) rest.push(next, lo - 1)
    next = (set[i + 1] ?? 0) + 1
  }
  if (next <= lastCodePoint) rest.push(next, lastCodePoint)
  return rest
}

export function contains(set: CodePoints, codePoint: number): boolean {
  for (let i = 0; i + 1 < set.length; i += 2)
    if (codePoint >= (set[i] ?? 0) && codePoint <= (set[i + 1] ?? 0)) return true
  return false
}

/** The two letters beyond ASCII that fold with ASCII ones. */
export const isFold = (code: number) => code === 0x17f || code === 0x212a

/** Whether text beyond ASCII can be in the set, apart from those two. */
export const holdsForeign = (set: CodePoints): boolean =>
  set.some((lo, i) => {
    const hi = set[i + 1] ?? 0
    return i % 2 === 0 && hi > 0x7f && !(lo === hi && isFold(lo))
  })

/** How many code points the set holds. */
export function size(set: CodePoints): number {
  let total = 0
  for (let i = 0; i + 1 < set.length; i += 2) total += (set[i + 1] ?? 0) - (set[i] ?? 0) + 1
  return total
}

/** The code points one by one; only for small sets. */
export function* members(set: CodePoints): Generator<number> {
  for (let i = 0; i + 1 < set.length; i += 2) for (let c = set[i] ?? 0; c <= (set[i + 1] ?? -1); c++) yield c
}

/**
 * The set under Go's case folding. Two folds leave ASCII: K folds with U+212A (the Kelvin sign), S with U+017F
 * (the long s). Beyond ASCII one-to-one upper and lower forms are added.
 */
export function foldCase(set: CodePoints): CodePoints {
  const folded = [...set]
  for (let i = 0; i + 1 < set.length; i += 2) {
    const lo = set[i] ?? 0
    const hi = set[i + 1] ?? 0
    addShifted(folded, Math.max(lo, 0x41), Math.min(hi, 0x5a), 0x20)
    addShifted(folded, Math.max(lo, 0x61), Math.min(hi, 0x7a), -0x20)
    // Wide ranges beyond ASCII (negated classes) hold their own case forms already.
    if (hi > 0x7f && hi - lo < 4096) for (let c = Math.max(lo, 0x80); c <= hi; c++) addForms(folded, c)
  }
  for (const [upper, lower, other] of [
    [0x4b, 0x6b, 0x212a],
    [0x53, 0x73, 0x17f],
  ] as const)
    if ([upper, lower, other].some(c => contains(set, c))) folded.push(upper, upper, lower, lower, other, other)
  return normalise(folded)
}

function addShifted(into: number[], lo: number, hi: number, by: number): void {
  if (lo <= hi) into.push(lo + by, hi + by)
}

function addForms(into: number[], codePoint: number): void {
  const text = String.fromCodePoint(codePoint)
  for (const form of [text.toLowerCase(), text.toUpperCase()]) {
    const code = form.codePointAt(0)
    if (code !== undefined && form.length === String.fromCodePoint(code).length) into.push(code, code)
  }
}

const byProperty = new Map<string, CodePoints | undefined>()

/** `\p{name}`: a general category (L, Lu, …) or a script (Greek, …); undefined when Unicode has no such name. */
export function unicodeClass(name: string): CodePoints | undefined {
  if (!byProperty.has(name)) byProperty.set(name, readProperty(name))
  return byProperty.get(name)
}

function readProperty(name: string): CodePoints | undefined {
  if (name === "Any") return everything
  const test = propertyTest(`\\p{${name}}`) ?? propertyTest(`\\p{Script=${name}}`)
  if (test === undefined) return undefined
  const ranges: number[] = []
  for (let c = 0; c <= lastCodePoint; c++) {
    if (!test.test(String.fromCodePoint(c))) continue
    if (ranges.at(-1) === c - 1) ranges[ranges.length - 1] = c
    else ranges.push(c, c)
  }
  return ranges
}

function propertyTest(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source}$`, "u")
  } catch {
    return undefined
  }
}

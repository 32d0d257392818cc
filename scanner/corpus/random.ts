import { type Node, parsePattern } from "../re2/parse.ts"

/** Reproducible randomness (mulberry32): the same seed gives the same corpus on every machine. */
export type Random = { below(limit: number): number; pick<T>(items: readonly T[]): T; chance(share: number): boolean }

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    chance: share => next() < share,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error("nothing to pick from")
      return item
    },
  }
}

/** A text that the pattern matches, as far as its assertions allow: the generator of positives for any rule. */
export function sample(pattern: string, random: Random): string {
  return textOf(parsePattern(pattern).root, random)
}

function textOf(node: Node, random: Random): string {
  switch (node.kind) {
    case "set":
      return characterOf(node.set, random)
    case "assert":
      return ""
    case "group":
      return textOf(node.node, random)
    case "concat":
      return node.nodes.map(child => textOf(child, random)).join("")
    case "alternate":
      return textOf(random.pick(node.nodes), random)
    case "repeat": {
      const most = node.max === Number.POSITIVE_INFINITY ? node.min + 12 : Math.min(node.max, node.min + 12)
      const count = node.lazy && node.min === 0 ? 0 : node.min + random.below(most - node.min + 1)
      return Array.from({ length: count }, () => textOf(node.node, random)).join("")
    }
  }
}

/** Printable where the set has such characters, a letter or digit most of the time. */
function characterOf(set: readonly number[], random: Random): string {
  const ranges: [number, number][] = []
  for (let i = 0; i + 1 < set.length; i += 2) {
    const lo = Math.max(set[i] ?? 0, 0x20)
    const hi = Math.min(set[i + 1] ?? 0, 0x7e)
    if (lo <= hi) ranges.push([lo, hi])
  }
  if (ranges.length === 0) return String.fromCodePoint(set[0] ?? 0x78)
  const codes = ranges.flatMap(([lo, hi]) => Array.from({ length: hi - lo + 1 }, (_, i) => lo + i))
  const plain = codes.filter(code => /[A-Za-z0-9]/.test(String.fromCharCode(code)))
  return String.fromCharCode(random.pick(plain.length > 0 && random.chance(0.9) ? plain : codes))
}

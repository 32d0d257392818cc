import { flat, type Node } from "./parse.ts"
import type { Anchor } from "./pattern.ts"
import { type CodePoints, holdsForeign, isFold, members, size } from "./sets.ts"

/**
 * A leading lazy run such as `[\w.-]{0,50}?`: it never decides whether a match exists, only where it begins, so the
 * rest is matched first and the run is walked backwards.
 */
export type Preamble = { set: CodePoints; max: number }

export type Plan = { preamble: Preamble | undefined; rest: Node; anchor: Anchor | undefined; runes: boolean }

const maxLiterals = 48
const maxLiteralLength = 12
const maxOffsetWidth = 64

/** Splits a pattern into its preamble and the rest, and finds literals that anchor the rest. */
export function plan(root: Node): Plan {
  const runes = seesRunes(root)
  const { preamble, rest } = splitPreamble(root)
  return { preamble, rest, anchor: findAnchor(rest), runes }
}

function splitPreamble(root: Node): { preamble: Preamble | undefined; rest: Node } {
  const nodes = root.kind === "concat" ? root.nodes : []
  const first = lazyRun(nodes[0])
  if (first === undefined || nodes.length < 2) return { preamble: undefined, rest: root }
  let { max } = first
  let others = nodes.slice(1)
  // The same run twice in a row is one run twice as long.
  for (let next = inner(others); next !== undefined; next = inner(others)) {
    const again = lazyRun(next[0])
    if (again === undefined || bytesIn(again.set) !== bytesIn(first.set)) break
    max += again.max
    others = next.slice(1)
  }
  return { preamble: { set: first.set, max }, rest: { kind: "concat", nodes: others } }
}

/** Preambles are walked over bytes: what folds beyond them makes no difference. */
const bytesIn = (set: CodePoints) => set.filter((_, i) => (set[i - (i % 2)] ?? 0) <= 0xff).join()

/** The sequence with its first element's own sequence spread out; groups that capture are left alone. */
function inner(nodes: readonly Node[]): Node[] | undefined {
  const [first, ...others] = nodes
  return first === undefined ? undefined : [...(first.kind === "concat" ? first.nodes : [first]), ...others]
}

function lazyRun(node: Node | undefined): Preamble | undefined {
  if (node?.kind !== "repeat" || !node.lazy || node.min !== 0 || node.max > 256) return undefined
  return node.node.kind === "set" ? { set: node.node.set, max: node.max } : undefined
}

/** Whether non-ASCII text can matter to the pattern, apart from the two folds that leave ASCII. */
function seesRunes(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return holdsForeign(node.set)
    case "assert":
      return false
    case "group":
    case "repeat":
      return seesRunes(node.node)
    default:
      return node.nodes.some(seesRunes)
  }
}

type Prefix = { text: string; open: boolean }

/** Tries each element of a sequence in turn as the anchor, keeping the most telling one. */
function findAnchor(rest: Node): Anchor | undefined {
  const nodes = flat(rest)
  const [only] = nodes
  if (nodes.length === 1 && only?.kind === "alternate") return anchorOfAll(only.nodes)
  let best: Anchor | undefined
  let minOffset = 0
  let maxOffset = 0
  for (let i = 0; i < nodes.length && maxOffset - minOffset <= maxOffsetWidth; i++) {
    const literals = literalsAt({ kind: "concat", nodes: nodes.slice(i) })
    if (literals !== undefined) {
      const found = literals.map(text => ({ text, minOffset, maxOffset }))
      if (best === undefined || score(found) > score(best)) best = found
    }
    const node = nodes[i]
    if (node === undefined) break
    const [min, max] = lengths(node)
    minOffset += min
    maxOffset += max
  }
  return best
}

/** A pattern of alternatives needs an anchor in each of them. */
function anchorOfAll(alternatives: readonly Node[]): Anchor | undefined {
  const anchors = alternatives.map(findAnchor)
  const all = anchors.flatMap(anchor => anchor ?? [])
  return anchors.includes(undefined) || all.length > maxLiterals ? undefined : all
}

const maxNeeded = 256

/** Literals of which every match holds one, wherever in it. */
export function neededLiterals(node: Node): string[] | undefined {
  const found = needs(node)
  return found === undefined || found.length > maxNeeded ? undefined : found
}

function needs(node: Node): string[] | undefined {
  if (node.kind === "group") return needs(node.node)
  if (node.kind === "repeat") return node.min > 0 ? needs(node.node) : undefined
  if (node.kind === "alternate") {
    const all = node.nodes.map(needs)
    return all.includes(undefined) ? undefined : [...new Set(all.flatMap(one => one ?? []))]
  }
  if (node.kind !== "concat") return literalsAt(node)
  const choices = node.nodes.flatMap((child, i) => [
    literalsAt({ kind: "concat", nodes: node.nodes.slice(i) }),
    needs(child),
  ])
  return choices
    .filter(found => found !== undefined)
    .reduce<string[] | undefined>(
      (best, one) => (best === undefined || telling(one) > telling(best) ? one : best),
      undefined,
    )
}

const maxRequired = 4

/** Sets of literals (lower case): every match holds one of each, wherever in it. The most telling sets. */
export function requiredLiterals(node: Node): string[][] {
  const kept: string[][] = []
  for (const set of requirements(node).sort((a, b) => telling(b) - telling(a)))
    if (!kept.some(other => implies(other, set))) kept.push(set)
  return kept.slice(0, maxRequired)
}

/** Whether a text that holds a literal of the one set holds one of the other, too. */
const implies = (set: readonly string[], other: readonly string[]) =>
  set.every(literal => other.some(part => literal.includes(part)))

function requirements(node: Node): string[][] {
  switch (node.kind) {
    case "group":
      return requirements(node.node)
    case "repeat":
      return node.min > 0 ? requirements(node.node) : []
    case "concat": {
      const nodes = flat(node)
      return nodes.flatMap((child, i) => [
        ...(child.kind === "set" || child.kind === "assert" ? [] : requirements(child)),
        ...[literalsAt({ kind: "concat", nodes: nodes.slice(i) })].filter(set => set !== undefined),
      ])
    }
    case "alternate": {
      // What a match holds depends on the branch: one set of each branch together.
      const branches = node.nodes.map(branch => requirements(branch).sort((a, b) => (a.join() < b.join() ? -1 : 1)))
      const common = Math.min(...branches.map(sets => sets.length))
      const together = Array.from({ length: common }, (_, i) => [...new Set(branches.flatMap(sets => sets[i] ?? []))])
      return together.filter(set => set.length <= maxNeeded)
    }
    default:
      return [literalsAt(node)].filter(set => set !== undefined)
  }
}

/** Literals (lower case) with one of which every match begins; undefined when there are none or too many. */
export const firstLiterals = (node: Node): string[] | undefined => literalsAt(node)

const telling = (literals: readonly string[]) => Math.min(...literals.map(text => text.length)) * 100 - literals.length

/** A shortest literal of three characters is enough; beyond that a fixed offset counts more. */
function score(anchor: Anchor): number {
  const shortest = Math.min(...anchor.map(one => one.text.length))
  const width = Math.max(...anchor.map(one => one.maxOffset - one.minOffset))
  return Math.min(shortest, 4) * 100 - width * 4 - anchor.length
}

function literalsAt(node: Node): string[] | undefined {
  const found = prefixes(node)
  if (found === undefined) return undefined
  const texts = [...new Set(found.map(prefix => prefix.text))]
  // A literal that begins with another one adds nothing.
  const least = texts.filter(text => !texts.some(other => other !== text && text.startsWith(other)))
  return least.every(text => text.length >= 2) ? least : undefined
}

/** The strings (lower case) with which every match of the node begins; undefined when too many. */
function prefixes(node: Node): Prefix[] | undefined {
  switch (node.kind) {
    case "set":
      return setPrefixes(node.set)
    case "assert":
      return [{ text: "", open: true }]
    case "group":
      return prefixes(node.node)
    case "alternate": {
      const all = node.nodes.map(prefixes)
      if (all.some(found => found === undefined)) return undefined
      return bounded(all.flatMap(found => found ?? []))
    }
    case "concat":
      return node.nodes.reduce<Prefix[] | undefined>(
        (soFar, child) => soFar && append(soFar, child),
        [{ text: "", open: true }],
      )
    case "repeat":
      return repeatPrefixes(node)
  }
}

function setPrefixes(set: CodePoints): Prefix[] {
  if (size(set) > 24) return [{ text: "", open: false }]
  const chars = [...members(set)].filter(code => !isFold(code))
  if (chars.some(code => code > 0x7f)) return [{ text: "", open: false }]
  const folded = new Set(chars.map(code => String.fromCharCode(code).toLowerCase()))
  return [...folded].map(text => ({ text, open: true }))
}

function repeatPrefixes(node: Extract<Node, { kind: "repeat" }>): Prefix[] | undefined {
  const once = prefixes(node.node)
  if (once === undefined) return undefined
  if (node.min === 0) {
    const some = node.max === 1 ? once : once.map(prefix => ({ ...prefix, open: false }))
    return bounded([...some, { text: "", open: true }])
  }
  let found: Prefix[] | undefined = once
  for (let i = 1; i < Math.min(node.min, maxLiteralLength) && found !== undefined; i++) found = append(found, node.node)
  return node.min === node.max ? found : found?.map(prefix => ({ ...prefix, open: false }))
}

// A prefix that is long enough ends here: what comes later is not what follows it.
const isOpen = (prefix: Prefix) => prefix.open && prefix.text.length < maxLiteralLength

function append(soFar: Prefix[], next: Node): Prefix[] | undefined {
  const closed = soFar.map(prefix => ({ ...prefix, open: false }))
  if (!soFar.some(isOpen)) return closed
  const more = prefixes(next)
  if (more === undefined) return closed
  const crossed = soFar.flatMap(prefix =>
    isOpen(prefix) ? more.map(one => ({ text: prefix.text + one.text, open: one.open })) : [{ ...prefix, open: false }],
  )
  return bounded(crossed) ?? closed
}

const bounded = (found: Prefix[]) => (found.length <= maxLiterals ? found : undefined)

/** Shortest and longest match in bytes of UTF-8; Infinity for an unbounded one. */
export function lengths(node: Node): [number, number] {
  switch (node.kind) {
    case "set":
      return [1, holdsForeign(node.set) ? 4 : 1]
    case "assert":
      return [0, 0]
    case "group":
      return lengths(node.node)
    case "concat":
      return node.nodes.map(lengths).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0])
    case "alternate": {
      const all = node.nodes.map(lengths)
      return [Math.min(...all.map(([min]) => min)), Math.max(...all.map(([, max]) => max))]
    }
    case "repeat": {
      const [min, max] = lengths(node.node)
      return [min * node.min, max === 0 ? 0 : max * node.max]
    }
  }
}

/** Rules by the segments of their patterns: finding the one that decides takes time with the path's length, not the rules' number. */

import { isExact, type Pattern, rank } from "./pattern.ts"

interface Patterned {
  readonly pattern: Pattern
}

interface Node<R> {
  readonly children: Map<string, Node<R>>
  /** Below a `+`. */
  any: Node<R> | undefined
  /** The pattern that ends here. */
  rule: R | undefined
  /** Patterns that end here in `*`, by what the next segment must begin with. */
  readonly globs: Map<string, R>
  /** The lengths of the keys of `globs`, longest first. */
  globLengths: number[]
}

/** Exact paths are looked up; all other patterns hang in the tree. */
export interface RuleTree<R> {
  readonly exact: Map<string, R>
  readonly root: Node<R>
}

const emptyNode = <R>(): Node<R> => ({
  children: new Map(),
  any: undefined,
  rule: undefined,
  globs: new Map(),
  globLengths: [],
})

/** A tree of rules whose patterns all differ. With `fold` it answers for lower-cased paths, the first of equal patterns. */
export function plant<R extends Patterned>(rules: Iterable<R>, fold = false): RuleTree<R> {
  const tree: RuleTree<R> = { exact: new Map(), root: emptyNode() }
  for (const rule of rules) add(tree, rule, fold ? (text: string) => text.toLowerCase() : (text: string) => text)
  return tree
}

function add<R extends Patterned>(tree: RuleTree<R>, rule: R, fold: (text: string) => string): void {
  const { pattern } = rule
  if (isExact(pattern)) {
    const path = fold(pattern.text)
    if (!tree.exact.has(path)) tree.exact.set(path, rule)
    return
  }
  const segments = pattern.segments.map(fold)
  const beginning = pattern.glob ? segments.pop() : undefined
  let node = tree.root
  for (const segment of segments) node = segment === "+" ? (node.any ??= emptyNode()) : childOf(node, segment)
  if (beginning === undefined) node.rule ??= rule
  else if (!node.globs.has(beginning)) {
    node.globs.set(beginning, rule)
    if (!node.globLengths.includes(beginning.length)) {
      node.globLengths = [...node.globLengths, beginning.length].sort((a, b) => b - a)
    }
  }
}

function childOf<R>(node: Node<R>, segment: string): Node<R> {
  const known = node.children.get(segment)
  if (known !== undefined) return known
  const child = emptyNode<R>()
  node.children.set(segment, child)
  return child
}

/** Of the patterns with `+` or `*` that match a path, the one that goes before all others. */
export const bestMatch = <R extends Patterned>(tree: RuleTree<R>, path: string): R | undefined =>
  search(tree.root, path, 0, undefined)

/** `at` is where the next segment begins in `path`; -1 when the path has been read to its end. */
function search<R extends Patterned>(node: Node<R>, path: string, at: number, found: R | undefined): R | undefined {
  if (at < 0) return node.rule === undefined ? found : better(node.rule, found)
  const slash = path.indexOf("/", at)
  const end = slash < 0 ? path.length : slash
  const next = slash < 0 ? -1 : slash + 1
  let best = found
  for (const length of node.globLengths) {
    const rule = length > end - at ? undefined : node.globs.get(path.slice(at, at + length))
    if (rule !== undefined) {
      best = better(rule, best)
      break
    }
  }
  const child = node.children.size === 0 ? undefined : node.children.get(path.slice(at, end))
  if (child !== undefined) best = search(child, path, next, best)
  return node.any === undefined ? best : search(node.any, path, next, best)
}

const better = <R extends Patterned>(rule: R, found: R | undefined): R =>
  found === undefined || rank(rule.pattern, found.pattern).order > 0 ? rule : found

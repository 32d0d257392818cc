import { flat, type Node } from "./parse.ts"
import { type CodePoints, contains } from "./sets.ts"

/**
 * How many steps backtracking may need, at most, when a match is tried at one place of a text of so many bytes and fails at its end.
 * An estimate from above: V8's engine may be quicker, not slower.
 */
export function stepsOfOneTry(root: Node, bytes: number): number {
  return sequenceCost(flat(root), bytes).work
}

/** The same when every place is tried: what can only begin with the text is tried to its end at one of them. */
function stepsOfSearch(root: Node, bytes: number): number {
  const branches = root.kind === "alternate" ? root.nodes : [root]
  const steps = (branch: Node) => stepsOfOneTry(branch, bytes) / (startsText(branch) ? bytes : 1)
  return branches.reduce((sum, branch) => sum + steps(branch) + 1, 0)
}

function startsText(node: Node): boolean {
  const [first] = flat(node)
  return first?.kind === "assert" && first.at === "textStart"
}

/** `ways`: in how many ways a node may match from one place, each of which is tried when the rest fails. `work`: steps for all. */
type Cost = { ways: number; work: number }

const one: Cost = { ways: 1, work: 1 }

function costOf(node: Node, bytes: number): Cost {
  switch (node.kind) {
    case "set":
    case "assert":
      return one
    case "group":
      return costOf(node.node, bytes)
    case "concat":
      return sequenceCost(flat(node), bytes)
    case "alternate":
      return alternateCost(node.nodes, bytes)
    case "repeat":
      return repeatCost(node, bytes)
  }
}

/** Only branches that may begin with the same character are tried one after another to their ends. */
function alternateCost(branches: readonly Node[], bytes: number): Cost {
  const costs = branches.map(branch => ({ ...costOf(branch, bytes), first: firstOf(branch) }))
  const starts = [...new Set(costs.flatMap(({ first }) => first?.filter((_, i) => i % 2 === 0) ?? []))]
  const together = (start: number) => costs.filter(({ first }) => first === undefined || contains(first, start))
  const most = (of: (cost: Cost) => number) =>
    Math.max(...[...starts, -1].map(start => together(start).reduce((sum, cost) => sum + of(cost), 0)), 1)
  return { ways: most(cost => cost.ways), work: most(cost => cost.work) + branches.length }
}

function repeatCost({ node, min, max }: Extract<Node, { kind: "repeat" }>, bytes: number): Cost {
  const inner = costOf(node, bytes)
  const most = Math.min(max, Math.ceil(bytes / Math.max(shortest(node), 1)))
  // Each further round begins where the one before ended, in as many ways as its beginning leaves open: more than one
  // multiply with every round, the nested repeats for which backtracking is known.
  const again = inner.ways <= 1 ? 1 : sequenceCost(flat(node), bytes, firstOf(node)).ways
  const rounds =
    again <= 1 || most <= 1 ? most : Number.isFinite(again ** most) ? (again ** most - 1) / (again - 1) : Infinity
  const counts = most - Math.min(min, most) + 1
  return { ways: inner.ways <= 1 ? counts : rounds * inner.ways + 1, work: rounds * inner.work + counts }
}

/**
 * The ways of the parts multiply, except where the next part can only begin at one place: after a run of characters that it cannot
 * begin with, the run's end. Several such runs in a row may still share that text among them, so the longest counts as one way.
 * `next`: what follows.
 */
function sequenceCost(nodes: readonly Node[], bytes: number, next?: CodePoints): Cost {
  let settled = 1
  let open: { ways: number; set: CodePoints }[] = []
  let work = 0
  const waysOf = () => open.reduce((product, run) => product * run.ways, settled)
  const settle = (first: CodePoints | undefined) => {
    if (first === undefined || open.length === 0) return
    if (!open.every(run => isDisjoint(run.set, first))) return
    work += waysOf()
    settled = waysOf() / Math.max(...open.map(run => run.ways))
    open = []
  }
  nodes.forEach(node => {
    settle(firstOf(node))
    const cost = costOf(node, bytes)
    work += waysOf() * cost.work
    const run = runOf(node)
    if (cost.ways > 1 && run !== undefined) open.push({ ways: cost.ways, set: run })
    else if (cost.ways > 1 || shortest(node) > 0) {
      settled = waysOf() * cost.ways
      open = []
    }
  })
  settle(next)
  return { ways: waysOf(), work }
}

/** The characters of a run of single ones. */
function runOf(node: Node): CodePoints | undefined {
  if (node.kind === "group") return runOf(node.node)
  return node.kind === "repeat" && node.node.kind === "set" ? node.node.set : undefined
}

/** What a match of a node begins with; undefined when it may be empty. */
function firstOf(node: Node): CodePoints | undefined {
  switch (node.kind) {
    case "set":
      return node.set
    case "assert":
      return undefined
    case "group":
      return firstOf(node.node)
    case "repeat":
      return node.min === 0 ? undefined : firstOf(node.node)
    case "alternate": {
      const all = node.nodes.map(firstOf)
      return all.includes(undefined) ? undefined : all.flatMap(set => set ?? [])
    }
    case "concat": {
      const first: number[] = []
      for (const child of flat(node)) {
        const own = firstOf(child)
        if (own !== undefined) return [...first, ...own]
        const some = firstIfAny(child)
        if (some === undefined) return undefined
        first.push(...some)
      }
      return undefined
    }
  }
}

/** Of a node that may be empty: what it begins with when it is not. Undefined: unknown. */
function firstIfAny(node: Node): CodePoints | undefined {
  if (node.kind === "group") return firstIfAny(node.node)
  if (node.kind === "repeat") return firstOf(node.node) ?? firstIfAny(node.node)
  return node.kind === "assert" ? [] : undefined
}

const isDisjoint = (a: CodePoints, b: CodePoints) => {
  for (let i = 0; i + 1 < a.length; i += 2)
    for (let j = 0; j + 1 < b.length; j += 2)
      if ((a[i] ?? 0) <= (b[j + 1] ?? 0) && (b[j] ?? 0) <= (a[i + 1] ?? 0)) return false
  return true
}

/** The least number of characters that a match has. */
function shortest(node: Node): number {
  switch (node.kind) {
    case "set":
      return 1
    case "assert":
      return 0
    case "group":
      return shortest(node.node)
    case "concat":
      return node.nodes.reduce((sum, child) => sum + shortest(child), 0)
    case "alternate":
      return Math.min(...node.nodes.map(shortest))
    case "repeat":
      return node.min * shortest(node.node)
  }
}

/** Texts from 16 bytes to 16 MB are estimated, each four times as long as the one before. */
const shortestText = 16
const estimates = 11
const most = 1e300
/** So few steps for each character are no danger whatever the text. */
const harmless = 500

/** The steps of one try, or of a place of a search, for texts of those lengths; undefined when they are few for all of them. */
export function stepsByLength(root: Node, of: "try" | "search"): number[] | undefined {
  const stepsOf = of === "try" ? stepsOfOneTry : stepsOfSearch
  const steps = Array.from({ length: estimates }, (_, i) => bounded(stepsOf(root, shortestText * 4 ** i)))
  return (steps.at(-1) ?? 0) > harmless ? steps : undefined
}

/** What no number holds counts as very many. */
const bounded = (steps: number) => (steps < most ? steps : most)

/** The steps of so many tries in a text of so many bytes, at most. */
export function stepsFor(steps: readonly number[], bytes: number, tries: number): number {
  const index = Math.max(Math.ceil(Math.log2(bytes / shortestText) / 2), 0)
  return tries * (steps[Math.min(index, estimates - 1)] ?? most)
}

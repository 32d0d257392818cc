import { flat, type Node, parsePattern } from "../re2/parse.ts"
import { type CodePoints, contains, members } from "../re2/sets.ts"

/**
 * Texts which, again and again, nearly match a pattern: everything up to each of its parts, repeats at their longest, made of the
 * characters that fit most of its parts, so that an engine that backtracks has the most to give up.
 */
export function hostileUnits(regex: string): string[] {
  const { root } = parsePattern(regex)
  const units = branchesOf(root)
    .slice(0, 3)
    .flatMap(branch => unitsOf(flat(branch)))
  return [...new Set(units)].filter(unit => unit !== "")
}

function unitsOf(nodes: readonly Node[]): string[] {
  const popular = byPopularity(nodes)
  const join = (upTo: number, longest: boolean) =>
    nodes
      .slice(0, upTo)
      .map(node => sample(node, popular, longest))
      .join("")
  return nodes.flatMap((node, i) => [
    join(i, true),
    join(i, false) + sample(node, popular, true),
    join(i, false) + (popular[0] ?? "").repeat(longRun),
  ])
}

const longRun = 210

/** Printable characters, those first that fit the most repeats. */
function byPopularity(nodes: readonly Node[]): string[] {
  const sets = nodes.flatMap(runsIn)
  const candidates = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).concat("\n")
  const score = (char: string) => sets.filter(set => contains(set, char.charCodeAt(0))).length
  return candidates
    .map(char => ({ char, score: score(char) }))
    .sort((a, b) => b.score - a.score)
    .map(one => one.char)
}

function runsIn(node: Node): CodePoints[] {
  if (node.kind === "group") return runsIn(node.node)
  if (node.kind === "repeat") return node.node.kind === "set" ? [node.node.set] : runsIn(node.node)
  return node.kind === "concat" || node.kind === "alternate" ? node.nodes.flatMap(runsIn) : []
}

function sample(node: Node, popular: readonly string[], longest: boolean): string {
  switch (node.kind) {
    case "set":
      return popular.find(char => contains(node.set, char.charCodeAt(0))) ?? firstOf(node.set)
    case "assert":
      return ""
    case "group":
      return sample(node.node, popular, longest)
    case "concat":
      return node.nodes.map(child => sample(child, popular, longest)).join("")
    case "alternate":
      return longestOf(
        node.nodes.map(child => sample(child, popular, longest)),
        longest,
      )
    case "repeat": {
      const most = Math.min(node.max, node.node.kind === "set" ? longRun : 3)
      return sample(node.node, popular, longest).repeat(longest ? Math.max(most, node.min) : node.min)
    }
  }
}

const longestOf = (texts: readonly string[], longest: boolean) =>
  texts.reduce((best, text) => (longest === text.length > best.length ? text : best))

function firstOf(set: CodePoints): string {
  for (const code of members(set)) return String.fromCodePoint(code)
  return ""
}

function branchesOf(node: Node): Node[] {
  if (node.kind === "group") return branchesOf(node.node)
  return node.kind === "alternate" ? node.nodes : [node]
}

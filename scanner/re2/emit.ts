import type { Assertion, Node } from "./parse.ts"
import type { Alphabet } from "./pattern.ts"
import { type CodePoints, complement, holdsForeign, normalise, size } from "./sets.ts"

/**
 * `loose`: for byte strings that may hold UTF-8, a pattern that matches wherever the runes form does, and perhaps
 * elsewhere: it tells whether decoding the text is worth it.
 */
type Form = Alphabet | "loose"

const assertions: Record<Assertion, string> = {
  textStart: "^",
  textEnd: "$",
  lineStart: "(?:^|(?<=\\n))",
  lineEnd: "(?:$|(?=\\n))",
  word: "\\b",
  notWord: "\\B",
}

/**
 * JavaScript source of equal meaning. No flag but `u` (runes) belongs to it: case folding is spelled out, so that
 * `\b` and `\w` stay ASCII as in RE2.
 */
export function emit(node: Node, alphabet: Form): string {
  switch (node.kind) {
    case "set":
      return emitSet(node.set, alphabet) + (spreads(node, alphabet) ? "{1,4}" : "")
    case "assert":
      return assertions[node.at]
    case "group":
      return `(${emit(node.node, alphabet)})`
    case "concat":
      return node.nodes
        .map(child => (child.kind === "alternate" ? `(?:${emit(child, alphabet)})` : emit(child, alphabet)))
        .join("")
    case "alternate":
      return node.nodes.map(child => emit(child, alphabet)).join("|")
    case "repeat":
      return emitRepeat(node, alphabet)
  }
}

function emitRepeat({ node, min, max, lazy }: Extract<Node, { kind: "repeat" }>, alphabet: Form): string {
  const most = spreads(node, alphabet) ? max * 4 : max
  const inner = node.kind === "set" ? emitSet(node.set, alphabet) : emit(node, alphabet)
  const bare = node.kind === "set" || node.kind === "group"
  return `${bare ? inner : `(?:${inner})`}${count(min, most)}${lazy ? "?" : ""}`
}

/** Whether one character of the set may be up to four bytes of the text. */
const spreads = (node: Node, alphabet: Form) => alphabet === "loose" && node.kind === "set" && holdsForeign(node.set)

function count(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`
  if (min === 0 && max === 1) return "?"
  return min === max ? `{${min}}` : `{${min},${max}}`
}

function emitSet(members: CodePoints, alphabet: Form): string {
  const last = alphabet === "runes" ? 0x10ffff : 0xff
  const set = alphabet === "loose" && holdsForeign(members) ? normalise([...members, 0x80, 0x10ffff]) : members
  if (set.length === 0 || (set[0] ?? 0) > last) return "[]"
  if ((set.at(-1) ?? 0) >= last && size(set) > 64) {
    const rest = clip(complement(set), last)
    return rest.length === 0 ? "[^]" : `[^${ranges(rest)}]`
  }
  const inside = clip(set, last)
  return size(inside) === 1 ? character(inside[0] ?? 0) : `[${ranges(inside)}]`
}

function clip(set: CodePoints, last: number): CodePoints {
  const kept: number[] = []
  for (let i = 0; i + 1 < set.length; i += 2) {
    const lo = set[i] ?? 0
    if (lo <= last) kept.push(lo, Math.min(set[i + 1] ?? 0, last))
  }
  return kept
}

function ranges(set: CodePoints): string {
  let text = ""
  for (let i = 0; i + 1 < set.length; i += 2) {
    const lo = set[i] ?? 0
    const hi = set[i + 1] ?? 0
    text += lo === hi ? character(lo) : `${character(lo)}${hi === lo + 1 ? "" : "-"}${character(hi)}`
  }
  return text
}

function character(code: number): string {
  const char = String.fromCodePoint(code)
  if (/[\w ]/.test(char)) return char
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`
  return `\\u{${code.toString(16)}}`
}

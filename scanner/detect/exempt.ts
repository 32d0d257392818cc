import { type Node, parsePattern } from "../re2/parse.ts"
import { type CodePoints, contains } from "../re2/sets.ts"
import type { Allowlist } from "../rule.ts"
import { joinedSource } from "./allowlist.ts"

const maxTexts = 64

/**
 * Paths that allowlists exempt in any case, as patterns of a gitattributes file, so that git does not even compare those
 * files. They hold some of the exempt paths and no others; for the rest the scanner looks at the path itself.
 */
export type Exempt = {
  patterns: readonly string[]
  /** How git is to compare all of them. */
  foldsCase: boolean
}

/** Only patterns that are a set of texts at the start, the end or between slashes of a path can be said in git's way. */
export function exemptPaths(allowlists: readonly Allowlist[]): Exempt {
  const always = allowlists.filter(({ condition, paths }) => condition === "or" && paths.length > 0)
  const all = always.flatMap(({ paths }) => alternatives(parsePattern(joinedSource(paths)).root).flatMap(formsOf))
  const foldsCase = all.some(one => one.folded)
  const kept = all.filter(one => one.folded === foldsCase).map(one => one.pattern)
  return { patterns: [...new Set(kept)], foldsCase }
}

/** A flag in one alternative reaches the next ones, so they are taken from the parsed whole. */
const alternatives = (node: Node): Node[] => (node.kind === "alternate" ? node.nodes : [node])

type Form = { pattern: string; folded: boolean }
type Start = "anything" | "nothing" | "folder"
type End = "anything" | "nothing" | "inside"

function formsOf(node: Node): Form[] {
  const nodes = node.kind === "concat" ? [...node.nodes] : [node]
  const start = takeStart(nodes)
  const end = takeEnd(nodes)
  const texts = textsOf({ kind: "concat", nodes }) ?? []
  return texts.flatMap(({ text, folded }) => {
    const pattern = patternFor(start, text, end)
    return pattern === undefined ? [] : [{ pattern, folded }]
  })
}

/** Patterns without a slash are compared with a file's name, others with its path; `*` holds no slash, `**` does. */
function patternFor(start: Start, text: string, end: End): string | undefined {
  // Nothing here that means something else to git, so nothing need be quoted.
  if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(text)) return undefined
  const after = end === "inside" ? "/**" : end === "anything" ? "*" : ""
  if (start === "nothing") return `/${text}${after}`
  const own = `${start === "anything" ? "*" : ""}${text}${after}`
  return own.includes("/") ? `**/${own}` : own
}

/** What may stand before: anything, nothing (`^`), or nothing or a folder (`(?:^|/)`). */
function takeStart(nodes: Node[]): Start {
  const [first] = nodes
  if (first?.kind === "assert" && first.at === "textStart") {
    nodes.shift()
    return "nothing"
  }
  if (first?.kind !== "alternate" || first.nodes.length !== 2) return "anything"
  const [start, slash] = first.nodes
  if (start?.kind !== "assert" || start.at !== "textStart" || !isSlash(slash)) return "anything"
  nodes.shift()
  return "folder"
}

/** What may follow: anything, nothing (`$`), or what is in the folder (`(?:/.*)?$`). */
function takeEnd(nodes: Node[]): End {
  const last = nodes.at(-1)
  if (last?.kind !== "assert" || last.at !== "textEnd") return "anything"
  nodes.pop()
  const tail = nodes.at(-1)
  if (tail?.kind !== "repeat" || tail.min !== 0 || tail.max !== 1 || tail.node.kind !== "concat") return "nothing"
  const [slash, rest] = tail.node.nodes
  const isFolder = isSlash(slash) && rest?.kind === "repeat" && rest.min === 0 && rest.max === Number.POSITIVE_INFINITY
  if (!isFolder || tail.node.nodes.length !== 2 || rest.node.kind !== "set" || !contains(rest.node.set, 0x61))
    return "nothing"
  // Anything but a newline may follow; a path that holds one is compared, which costs nothing but time.
  if (rest.node.set.length !== 4) return "nothing"
  nodes.pop()
  // The folder itself has no text to compare.
  return "inside"
}

const isSlash = (node: Node | undefined) =>
  node?.kind === "set" && node.set.length === 2 && node.set[0] === 0x2f && node.set[1] === 0x2f

type Text = { text: string; folded: boolean | undefined }

/** The texts that the node matches; undefined when they are many, or fold some letters and not others. */
function textsOf(node: Node): { text: string; folded: boolean }[] | undefined {
  const texts = expand(node)
  return texts?.map(({ text, folded }) => ({ text, folded: folded === true }))
}

function expand(node: Node): Text[] | undefined {
  switch (node.kind) {
    case "set":
      return expandSet(node.set)
    case "group":
      return expand(node.node)
    case "alternate":
      return bounded(node.nodes.map(expand))
    case "concat":
      return node.nodes.reduce<Text[] | undefined>(
        (soFar, child) => soFar && joined(soFar, expand(child)),
        [{ text: "", folded: undefined }],
      )
    case "repeat":
      return node.min === 0 && node.max === 1
        ? bounded([[{ text: "", folded: undefined }], expand(node.node)])
        : undefined
    case "assert":
      return undefined
  }
}

function bounded(parts: (Text[] | undefined)[]): Text[] | undefined {
  if (parts.includes(undefined)) return undefined
  const all = parts.flatMap(part => part ?? [])
  return all.length > maxTexts ? undefined : all
}

function joined(soFar: Text[], next: Text[] | undefined): Text[] | undefined {
  if (next === undefined || soFar.length * next.length > maxTexts) return undefined
  const all = soFar.flatMap(a =>
    next.map(b => ({ text: a.text + b.text, folded: a.folded ?? b.folded, fits: fits(a, b) })),
  )
  return all.every(one => one.fits) ? all : undefined
}

const fits = (a: Text, b: Text) => a.folded === undefined || b.folded === undefined || a.folded === b.folded

/** Letters in both cases are folded; the two letters beyond ASCII that fold with them are left to the scanner. */
function expandSet(set: CodePoints): Text[] | undefined {
  const codes: number[] = []
  for (let i = 0; i + 1 < set.length; i += 2)
    for (let code = set[i] ?? 0; code <= (set[i + 1] ?? -1); code++) {
      if (codes.length > maxTexts) return undefined
      if (code <= 0x7f) codes.push(code)
      else if (code !== 0x17f && code !== 0x212a) return undefined
    }
  const letters = codes.filter(code => /[A-Za-z]/.test(String.fromCharCode(code)))
  const folds = letters.length > 0 && letters.every(code => codes.includes(code ^ 0x20))
  const kept = folds ? codes.filter(code => !(code >= 0x41 && code <= 0x5a)) : codes
  return kept.map(code => {
    const text = String.fromCharCode(code)
    return { text, folded: /[A-Za-z]/.test(text) ? folds : undefined }
  })
}

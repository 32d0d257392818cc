import type { Entry } from "./command.ts"
import { takesNextWord } from "./global-flags.ts"

/** A command at the root: known by name before its code is loaded. */
export interface RootEntry {
  readonly name: string
  readonly summary: string
  /** Listed first in help. */
  readonly common?: boolean
  readonly hidden?: boolean
  load(): Promise<Entry>
}

export interface Found {
  /** The command or family that the words lead to; undefined when the first word is none. */
  readonly entry: Entry | undefined
  readonly path: readonly string[]
  /** What is left for the command: its flags and arguments. */
  readonly line: readonly string[]
  /** A word that no command has. */
  readonly unknown: string | undefined
  readonly siblings: readonly {
    readonly name: string
    readonly summary: string
    readonly common?: boolean
    readonly hidden?: boolean
  }[]
}

/** Follows the words of a line down the tree. Flags may stand before the command, as in `arca -ns=team kv get app`. */
export async function findCommand(roots: readonly RootEntry[], argv: readonly string[]): Promise<Found> {
  const words = versionAsCommand(argv)
  const first = nextWord(words)
  if (first === undefined) return { entry: undefined, path: [], line: words, unknown: undefined, siblings: roots }
  if (first.word === "help") return findCommand(roots, [...first.rest, "-help"])
  const root = roots.find(({ name }) => name === first.word)
  if (root === undefined) return { entry: undefined, path: [], line: first.rest, unknown: first.word, siblings: roots }
  return descend(await root.load(), [root.name], first.rest)
}

function descend(entry: Entry, path: readonly string[], line: readonly string[]): Found {
  if (entry.kind !== "family") return { entry, path, line, unknown: undefined, siblings: [] }
  const next = nextWord(line)
  const siblings = entry.commands
  if (next === undefined) return { entry, path, line, unknown: undefined, siblings }
  const child = siblings.find(({ name }) => name === next.word)
  if (child === undefined) return { entry, path, line, unknown: next.word, siblings }
  return descend(child, [...path, child.name], next.rest)
}

/** The first word that is neither a flag nor a flag's value, and the line without it. */
function nextWord(line: readonly string[]): { word: string; rest: string[] } | undefined {
  for (let at = 0; at < line.length; at++) {
    const word = line[at] ?? ""
    if (word === "--") return undefined
    if (!/^--?[^-]/.test(word)) return { word, rest: line.toSpliced(at, 1) }
    if (takesNextWord(word)) at++
  }
  return undefined
}

function versionAsCommand(argv: readonly string[]): readonly string[] {
  return argv.length === 1 && /^(-v|--?version)$/.test(argv[0] ?? "") ? ["version"] : argv
}

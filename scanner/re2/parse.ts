import {
  type CodePoints,
  complement,
  digits,
  everything,
  foldCase,
  normalise,
  notNewline,
  posixClass,
  space,
  unicodeClass,
  word,
} from "./sets.ts"

/** A parsed pattern. Flags are gone: case folding is in the sets, `(?s)` and `(?m)` in sets and assertions. */
export type Node =
  | { kind: "set"; set: CodePoints }
  | { kind: "assert"; at: Assertion }
  | { kind: "group"; index: number; node: Node }
  | { kind: "concat"; nodes: Node[] }
  | { kind: "alternate"; nodes: Node[] }
  | { kind: "repeat"; node: Node; min: number; max: number; lazy: boolean }

export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "word" | "notWord"

/** A pattern that Go's regexp package would refuse as well. */
export class PatternError extends Error {
  override name = "PatternError"
}

type Flags = { fold: boolean; multiLine: boolean; dotAll: boolean; swapLazy: boolean }
type Reader = { text: string; at: number; groups: number; depth: number; flags: Flags }

// Go refuses deeper nesting (regexp/syntax maxHeight) and longer repeats (maxRepeat).
const maxDepth = 1000
const maxRepeat = 1000

/**
 * Reads a pattern in the syntax of Go's regexp package (RE2, Perl flags), whose reference is
 * https://pkg.go.dev/regexp/syntax. Throws {@link PatternError} where Go would not compile.
 */
export function parsePattern(text: string): { root: Node; groups: number } {
  const reader: Reader = {
    text,
    at: 0,
    groups: 0,
    depth: 0,
    flags: { fold: false, multiLine: false, dotAll: false, swapLazy: false },
  }
  const root = readAlternation(reader)
  if (reader.at < text.length) throw fail(reader, "unexpected )")
  return { root, groups: reader.groups }
}

const fail = (reader: Reader, why: string) =>
  new PatternError(`Cannot read the regular expression ${JSON.stringify(reader.text)}: ${why} at ${reader.at}`)

const peek = (reader: Reader, text: string) => reader.text.startsWith(text, reader.at)

function skip(reader: Reader, text: string): boolean {
  if (!peek(reader, text)) return false
  reader.at += text.length
  return true
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at
  const found = pattern.exec(reader.text)
  if (found === null) return undefined
  reader.at += found[0].length
  return found
}

/** Flags set inside a group hold to its end, across `|`: Go's scope, which joined allowlists rely on. */
function readAlternation(reader: Reader): Node {
  if (++reader.depth > maxDepth) throw fail(reader, "nesting too deep")
  const outer = reader.flags
  const branches = [readConcat(reader)]
  while (skip(reader, "|")) branches.push(readConcat(reader))
  reader.flags = outer
  reader.depth--
  const [only] = branches
  return branches.length === 1 && only !== undefined ? only : { kind: "alternate", nodes: branches }
}

function readConcat(reader: Reader): Node {
  const nodes: Node[] = []
  while (reader.at < reader.text.length && !peek(reader, "|") && !peek(reader, ")")) {
    const atom = readAtom(reader)
    if (atom === undefined) continue
    for (const node of atom.slice(0, -1)) nodes.push(node)
    const last = atom.at(-1)
    if (last !== undefined) nodes.push(readRepeats(reader, last))
  }
  const [only] = nodes
  return nodes.length === 1 && only !== undefined ? only : { kind: "concat", nodes }
}

/** One atom; several nodes for `\Q…\E` (a repeat then binds to the last); undefined for a flag setting. */
function readAtom(reader: Reader): Node[] | undefined {
  const char = String.fromCodePoint(reader.text.codePointAt(reader.at) ?? 0)
  const { flags } = reader
  if (char === "(") return readGroup(reader)
  if (char === "[") return [readClass(reader)]
  if (char === "\\") return readEscapedAtom(reader)
  if ("*+?".includes(char)) throw fail(reader, `missing argument to ${char}`)
  reader.at += char.length
  if (char === ".") return [{ kind: "set", set: flags.dotAll ? everything : notNewline }]
  if (char === "^") return [{ kind: "assert", at: flags.multiLine ? "lineStart" : "textStart" }]
  if (char === "$") return [{ kind: "assert", at: flags.multiLine ? "lineEnd" : "textEnd" }]
  return [literal(char, flags)]
}

function literal(char: string, flags: Flags): Node {
  const code = char.codePointAt(0) ?? 0
  return { kind: "set", set: flags.fold ? foldCase([code, code]) : [code, code] }
}

function readGroup(reader: Reader): Node[] | undefined {
  reader.at++
  if (!peek(reader, "?")) return [readCapture(reader)]
  if (take(reader, /\?P?<[A-Za-z_]\w*>/y) !== undefined) return [readCapture(reader)]
  const setting = take(reader, /\?([imsU]*)(?:-([imsU]+))?([:)])/y)
  if (setting === undefined) throw fail(reader, "unknown group syntax (lookaround is not in RE2)")
  const outer = reader.flags
  reader.flags = withFlags(outer, setting[1] ?? "", setting[2] ?? "")
  if (setting[3] === ")") return undefined
  const node = readAlternation(reader)
  reader.flags = outer
  close(reader)
  return [node]
}

function readCapture(reader: Reader): Node {
  const index = ++reader.groups
  const node = readAlternation(reader)
  close(reader)
  return { kind: "group", index, node }
}

function close(reader: Reader): void {
  if (!skip(reader, ")")) throw fail(reader, "missing )")
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const next = { ...flags }
  for (const [letters, value] of [
    [on, true],
    [off, false],
  ] as const) {
    if (letters.includes("i")) next.fold = value
    if (letters.includes("m")) next.multiLine = value
    if (letters.includes("s")) next.dotAll = value
    if (letters.includes("U")) next.swapLazy = value
  }
  return next
}

function readRepeats(reader: Reader, node: Node): Node {
  const repeat = readRepeat(reader)
  if (repeat === undefined) return node
  const at = reader.at
  if (readRepeat(reader) !== undefined) {
    reader.at = at
    throw fail(reader, "invalid nested repetition operator")
  }
  const repeated: Node = { kind: "repeat", node, ...repeat }
  if (repeatProduct(repeated) > maxRepeat) throw fail(reader, "invalid repeat count")
  return repeated
}

function readRepeat(reader: Reader): { min: number; max: number; lazy: boolean } | undefined {
  const found = take(reader, /(?:([*+?])|\{(\d+)(?:(,)(\d+)?)?\})(\??)/y)
  if (found === undefined) return undefined
  const [, sign, least, comma, most, mark] = found
  const min = sign === undefined ? Number(least) : sign === "+" ? 1 : 0
  const max = sign === "?" ? 1 : sign !== undefined || (comma && !most) ? Infinity : Number(most ?? least)
  if (min > maxRepeat || (max !== Infinity && max > maxRepeat) || max < min) throw fail(reader, "invalid repeat count")
  return { min, max, lazy: (mark === "?") !== reader.flags.swapLazy }
}

/** Nested counted repeats multiply; Go bounds the product (regexp/syntax repeatIsValid). */
function repeatProduct(node: Node): number {
  if (node.kind === "group") return repeatProduct(node.node)
  if (node.kind === "concat" || node.kind === "alternate")
    return node.nodes.reduce((most, child) => Math.max(most, repeatProduct(child)), 1)
  if (node.kind !== "repeat") return 1
  const count = node.max === Infinity ? node.min : node.max
  return Math.max(count, 1) * repeatProduct(node.node)
}

function readEscapedAtom(reader: Reader): Node[] {
  const { flags } = reader
  if (skip(reader, "\\Q")) {
    const end = reader.text.indexOf("\\E", reader.at)
    const quoted = reader.text.slice(reader.at, end < 0 ? undefined : end)
    reader.at = end < 0 ? reader.text.length : end + 2
    return [...quoted].map(char => literal(char, flags))
  }
  const assertion = take(reader, /\\[AzbB]/y)?.[0]
  if (assertion === "\\A") return [{ kind: "assert", at: "textStart" }]
  if (assertion === "\\z") return [{ kind: "assert", at: "textEnd" }]
  if (assertion === "\\b") return [{ kind: "assert", at: "word" }]
  if (assertion === "\\B") return [{ kind: "assert", at: "notWord" }]
  const set = readNamedSet(reader)
  if (set !== undefined) return [{ kind: "set", set }]
  return [literal(String.fromCodePoint(readEscapedChar(reader)), flags)]
}

/** `\d \s \w`, their negations, and `\p…`. */
function readNamedSet(reader: Reader): CodePoints | undefined {
  const perl = take(reader, /\\([dDsSwW])/y)?.[1]
  if (perl !== undefined) {
    const set = { d: digits, s: space, w: word }[perl.toLowerCase()] ?? digits
    const folded = reader.flags.fold ? foldCase(set) : set
    return perl === perl.toLowerCase() ? folded : complement(folded)
  }
  const property = take(reader, /\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Za-z]))/y)
  if (property === undefined) return undefined
  const [, sign, caret, long, short] = property
  const set = unicodeClass(long ?? short ?? "")
  if (set === undefined) throw fail(reader, `unknown character class ${property[0]}`)
  const folded = reader.flags.fold ? foldCase(set) : set
  return (sign === "P") !== (caret === "^") ? complement(folded) : folded
}

const controls = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
])

function readEscapedChar(reader: Reader): number {
  const hex = take(reader, /\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y)
  if (hex !== undefined) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? "", 16)
    if (code <= 0x10ffff) return code
  }
  const octal = take(reader, /\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y)
  if (octal !== undefined) return Number.parseInt(octal[1] ?? "0", 8)
  const control = take(reader, /\\([afnrtv])/y)
  if (control !== undefined) return controls.get(control[1] ?? "") ?? 0
  // Go lets any ASCII punctuation be escaped, and no letter that means nothing.
  const plain = take(reader, /\\([\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f])/y)
  if (plain !== undefined) return (plain[1] ?? "").charCodeAt(0)
  throw fail(reader, "invalid escape sequence")
}

function readClass(reader: Reader): Node {
  reader.at++
  const negated = skip(reader, "^")
  const { fold } = reader.flags
  let ranges: number[] = []
  for (let first = true; first || !peek(reader, "]"); first = false) {
    if (reader.at >= reader.text.length) throw fail(reader, "missing closing ]")
    ranges = ranges.concat(readClassItem(reader))
  }
  reader.at++
  const plain = normalise(ranges)
  const set = fold ? foldCase(plain) : plain
  return { kind: "set", set: negated ? complement(set) : set }
}

function readClassItem(reader: Reader): CodePoints {
  const named = take(reader, /\[:(\^?)([a-z]+):\]/y)
  if (named !== undefined) {
    const set = posixClass(named[2] ?? "")
    if (set === undefined) throw fail(reader, `invalid character class range ${named[0]}`)
    return named[1] === "^" ? complement(set) : set
  }
  const set = readNamedSet(reader)
  if (set !== undefined) return set
  const lo = readClassChar(reader)
  if (!peek(reader, "-") || peek(reader, "-]")) return [lo, lo]
  reader.at++
  const hi = readClassChar(reader)
  if (hi < lo) throw fail(reader, "invalid character class range")
  return [lo, hi]
}

function readClassChar(reader: Reader): number {
  if (peek(reader, "\\")) return readEscapedChar(reader)
  const code = reader.text.codePointAt(reader.at)
  if (code === undefined) throw fail(reader, "missing closing ]")
  reader.at += code > 0xffff ? 2 : 1
  return code
}

/** What a node matches one after the other, without its groups. */
export function flat(node: Node): Node[] {
  if (node.kind === "concat") return node.nodes.flatMap(flat)
  if (node.kind === "group") return flat(node.node)
  return [node]
}

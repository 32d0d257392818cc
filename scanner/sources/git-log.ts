import type { Commit } from "../finding.ts"

/** The added lines of one hunk, without their `+`: the bytes from where the hunk before it ends up to `end`. */
export type Hunk = { path: string; startLine: number; commit: Commit | undefined; end: number }

/** What a patch stream holds, in order. */
export type PatchVisitor = {
  /** Some hunks; the bytes are reused afterwards. */
  hunks(bytes: Uint8Array, hunks: readonly Hunk[]): void
  /** A binary file that was added or changed. */
  binary(path: string, commit: Commit | undefined): void
  /** Before the hunks of a file that had another name. */
  renamed(from: string, path: string, commit: Commit | undefined): void
}

/**
 * The header that stands before each commit's patch: NUL, then fields ended by NUL. No line of a patch begins with
 * NUL, and no commit message holds one.
 */
export const logFormat = "--format=%x00%H%x00%aN%x00%aE%x00%aI%x00%B%x00"
const headerFields = 6

const newline = 10
const plus = 0x2b
const minus = 0x2d
const comma = 0x2c
const backslash = 0x5c
const at = 0x40

const windowBytes = 256 * 1024
/** Lines are read whole up to this length; longer ones go on in the next window. */
const maxWindowBytes = 16 * 1024 * 1024
/** A hunk above this is handed over in parts. */
const maxHunkBytes = 64 * 1024 * 1024
/** Hunks are handed over when they are so many bytes together. */
const batchBytes = 128 * 1024

/**
 * Reads `git log -p -U0` (with {@link logFormat}) or `git diff -U0` as it arrives, in pieces of any size. Memory is
 * bounded, whatever the length of lines and hunks.
 */
export function patchReader(visitor: PatchVisitor): { push(piece: Uint8Array): void; end(): void } {
  const state: PatchState = {
    visitor,
    commit: undefined,
    path: undefined,
    from: undefined,
    oldLines: 0,
    newLines: 0,
    startLine: 0,
    takenLines: 0,
    cut: undefined,
    added: Buffer.allocUnsafe(batchBytes + windowBytes),
    length: 0,
    begin: 0,
    hunks: [],
  }
  let window = Buffer.allocUnsafe(windowBytes)
  let filled = 0
  const consume = (isEnd: boolean) => {
    const used = readLines(state, window, filled, isEnd)
    window.copyWithin(0, used, filled)
    filled -= used
    if (filled < window.length) return
    if (window.length >= maxWindowBytes) filled = readPart(state, window, filled)
    else window = Buffer.concat([window], window.length * 2)
  }
  return {
    push(piece) {
      // Small pieces are gathered: git writes four kilobytes at a time.
      for (let from = 0; from < piece.length; ) {
        const part = piece.subarray(from, from + window.length - filled)
        window.set(part, filled)
        filled += part.length
        from += part.length
        if (filled * 2 >= window.length) consume(false)
      }
    },
    end() {
      consume(true)
      endHunk(state)
      handOver(state)
    },
  }
}

type PatchState = {
  visitor: PatchVisitor
  commit: Commit | undefined
  path: string | undefined
  /** The file's former name. */
  from: string | undefined
  /** Lines of the hunk that are still to come. */
  oldLines: number
  newLines: number
  startLine: number
  /** Lines of the hunk that were handed over already. */
  takenLines: number
  /** In the middle of a line longer than the window, which is added or passed over. */
  cut: "added" | "passed" | undefined
  /** Added lines, of whole hunks and after them of the one being read, which begins at `begin`. */
  added: Buffer
  length: number
  begin: number
  hunks: Hunk[]
}

function endHunk(state: PatchState): void {
  const { path, startLine, takenLines, commit, length } = state
  if (length === state.begin) return
  if (path === undefined) state.length = state.begin
  else state.hunks.push({ path, startLine: startLine + takenLines, commit, end: length })
  state.begin = state.length
  if (state.length >= batchBytes) handOver(state)
}

function handOver(state: PatchState): void {
  const { hunks, added, begin } = state
  state.hunks = []
  state.length = 0
  state.begin = 0
  if (hunks.length > 0) state.visitor.hunks(added.subarray(0, begin), hunks)
}

/** Reads whole lines; a commit's header only when it is whole. Returns how far. */
function readLines(state: PatchState, text: Buffer, length: number, isEnd: boolean): number {
  let from = 0
  while (from < length) {
    const next = state.newLines > 0 || state.oldLines > 0 || state.cut ? readHunk(state, text, from, length) : from
    if (next > from) {
      from = next
      continue
    }
    if (text[from] === 0 && state.newLines === 0) {
      const header = readCommit(text, from, length)
      if (header === undefined) return isEnd ? length : from
      endHunk(state)
      state.commit = header.commit
      state.path = undefined
      from = header.end
      continue
    }
    const end = passLine(text, from, length)
    if (end < 0 && !isEnd) return from
    const stop = end < 0 ? length : end
    readLine(state, text, from, stop)
    from = end < 0 ? length : end + 1
  }
  return from
}

/** The lines of a hunk that are whole: added ones are copied without their sign, others passed over. Returns how far. */
function readHunk(state: PatchState, text: Buffer, start: number, length: number): number {
  let from = start
  for (;;) {
    const sign = text[from]
    const isAdded = state.cut === undefined ? sign === plus && state.newLines > 0 : state.cut === "added"
    if (state.cut === undefined && !isAdded && !(sign === minus && state.oldLines > 0)) return from
    const end = isAdded
      ? takeLine(state, text, state.cut === undefined ? from + 1 : from, length)
      : passLine(text, from, length)
    if (end < 0) return from
    if (isAdded) state.newLines--
    else state.oldLines--
    state.cut = undefined
    from = end + 1
    if (from >= length || (state.newLines <= 0 && state.oldLines <= 0)) return from
  }
}

/** Lines are short: looking for their end by a call of its own would cost more than this loop. */
function passLine(text: Buffer, from: number, length: number): number {
  for (let at = from; at < length; at++) if (text[at] === newline) return at
  return -1
}

/** Adds a line and returns where it ends; -1, and nothing is added, when it does not end in the window. */
function takeLine(state: PatchState, text: Buffer, from: number, length: number): number {
  if (state.length - state.begin + length - from > maxHunkBytes) {
    const end = passLine(text, from, length)
    if (end >= 0) addLine(state, text, from, end + 1)
    return end
  }
  reserve(state, length - from)
  const { added } = state
  let out = state.length
  for (let at = from; at < length; at++) {
    const byte = text[at] ?? 0
    added[out++] = byte
    if (byte !== newline) continue
    state.length = out
    return at
  }
  return -1
}

function addLine(state: PatchState, text: Buffer, from: number, to: number): void {
  if (state.length - state.begin + to - from > maxHunkBytes) {
    const lines = countLines(state.added.subarray(state.begin, state.length))
    endHunk(state)
    state.takenLines += lines
  }
  reserve(state, to - from)
  state.length += text.copy(state.added, state.length, from, to)
}

function reserve(state: PatchState, more: number): void {
  const { added, length } = state
  const needed = length + more
  if (needed > added.length)
    state.added = Buffer.concat([added.subarray(0, length)], Math.max(added.length * 2, needed))
}

function countLines(text: Buffer): number {
  let count = 0
  for (let end = text.indexOf(newline); end >= 0; end = text.indexOf(newline, end + 1)) count++
  return count
}

/** A window that is full of one line: its part is added, or passed over. Returns what is left, which is nothing. */
function readPart(state: PatchState, text: Buffer, length: number): number {
  const isAdded = state.cut === undefined ? text[0] === plus && state.newLines > 0 : state.cut === "added"
  if (isAdded) addLine(state, text, state.cut === undefined ? 1 : 0, length)
  state.cut = isAdded ? "added" : "passed"
  return 0
}

/** A line outside the lines of a hunk. */
function readLine(state: PatchState, text: Buffer, from: number, to: number): void {
  const line = () => text.toString("latin1", from, to)
  const first = text[from]
  if (first === backslash) trimNewline(state)
  else if (first === at) startHunk(state, text, from, to)
  else if (startsWith(text, from, to, "diff --git ")) {
    endHunk(state)
    state.path = pathOfDiffLine(line())
    state.from = undefined
  } else if (startsWith(text, from, to, "+++ ")) {
    if (!isSide(state.path, text, from, to)) state.path = pathOfSide(line().slice(4), "b/")
  } else if (startsWith(text, from, to, "rename to ")) takeName(state, line().slice("rename to ".length))
  else if (startsWith(text, from, to, "copy to ")) takeName(state, line().slice("copy to ".length))
  else if (startsWith(text, from, to, "rename from ")) state.from = fromBytes(unquote(line().slice(12)))
  else if (startsWith(text, from, to, "copy from ")) state.from = fromBytes(unquote(line().slice(10)))
  else if (startsWith(text, from, to, "deleted file mode ")) state.path = undefined
  else if (startsWith(text, from, to, "Binary files ") && state.path !== undefined)
    if (!line().endsWith(" and /dev/null differ")) {
      handOver(state)
      state.visitor.binary(state.path, state.commit)
    }
}

/** Whether `+++ b/path` names the path that `diff --git` named, as for nearly all files; told only of plain names. */
function isSide(path: string | undefined, text: Buffer, from: number, to: number): boolean {
  return (
    path !== undefined &&
    to - from === path.length + 6 &&
    startsWith(text, from + 4, to, "b/") &&
    startsWith(text, from + 6, to, path)
  )
}

function takeName(state: PatchState, name: string): void {
  state.path = fromBytes(unquote(name))
  if (state.from === undefined) return
  handOver(state)
  state.visitor.renamed(state.from, state.path, state.commit)
}

// "\ No newline at end of file" speaks of the line before it.
function trimNewline(state: PatchState): void {
  if (state.length > state.begin && state.added[state.length - 1] === newline && state.newLines === 0) state.length--
}

/** `@@ -12,3 +12 @@`, with or without text after it; a count of one is left out. */
function startHunk(state: PatchState, text: Buffer, from: number, to: number): void {
  endHunk(state)
  if (!startsWith(text, from, to, "@@ -")) return
  const line = { text, at: from + 4, to }
  readNumber(line)
  const oldLines = readCount(line)
  if (!startsWith(text, line.at, to, " +")) return
  line.at += 2
  const startLine = readNumber(line)
  const newLines = readCount(line)
  if (Number.isNaN(startLine + oldLines + newLines) || !startsWith(text, line.at, to, " @@")) return
  state.oldLines = oldLines
  state.newLines = newLines
  state.startLine = startLine
  state.takenLines = 0
}

type Line = { text: Buffer; at: number; to: number }

function readCount(line: Line): number {
  if (line.at >= line.to || line.text[line.at] !== comma) return 1
  line.at++
  return readNumber(line)
}

/** NaN where there is none. */
function readNumber(line: Line): number {
  const { text, at: start, to } = line
  let value = 0
  for (; line.at < to; line.at++) {
    const digit = (text[line.at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return line.at === start ? Number.NaN : value
}

function startsWith(text: Buffer, from: number, to: number, start: string): boolean {
  if (to - from < start.length) return false
  for (let i = 0; i < start.length; i++) if (text[from + i] !== start.charCodeAt(i)) return false
  return true
}

function readCommit(text: Buffer, from: number, length: number): { commit: Commit; end: number } | undefined {
  let end = from
  for (let i = 0; i < headerFields; i++) {
    end = text.indexOf(0, end) + 1
    if (end <= 0 || end > length) return undefined
  }
  const commit = new CommitOfHeader(text.toString("latin1", from, end))
  return { commit, end: text[end] === newline && end < length ? end + 1 : end }
}

/** Few commits hold a finding: only then anybody asks who made them, and when. */
class CommitOfHeader implements Commit {
  readonly sha: string
  readonly #header: string
  #fields: string[] | undefined
  #message: string | undefined

  constructor(header: string) {
    this.#header = header
    this.sha = header.slice(1, header.indexOf("\0", 1))
  }

  get author() {
    return this.#field(2)
  }

  get email() {
    return this.#field(3)
  }

  get date() {
    return inUtc(this.#field(4))
  }

  get message() {
    return (this.#message ??= foldMessage(this.#field(5)))
  }

  #field(i: number): string {
    this.#fields ??= fromBytes(this.#header).split("\0")
    return this.#fields[i] ?? ""
  }
}

function inUtc(date: string): string {
  const time = Date.parse(date)
  return Number.isNaN(time) ? date : new Date(time).toISOString().replace(".000Z", "Z")
}

/** How far `git log` indents messages. */
const shownIndent = " ".repeat(4)

/**
 * Title lines joined by spaces, a blank line, then the body with its blank lines reduced to one. Lines lose the first
 * line's indent as shown, or nothing: so Gitleaks reads what `git log` shows.
 */
function foldMessage(message: string): string {
  const lines = message.replace(/^\n+/, "").split("\n")
  const blank = lines.findIndex(line => line.trim() === "")
  const title = lines
    .slice(0, blank < 0 ? undefined : blank)
    .map(line => line.trim())
    .join(" ")
  if (blank < 0) return title
  const indent = shownIndent + (/^\s*/.exec(expandTabs(lines[0] ?? ""))?.[0] ?? "")
  const body = lines.slice(blank).map(line => {
    const shown = line.trim() === "" ? "" : shownIndent + expandTabs(line.trimEnd())
    return shown.startsWith(indent) ? shown.slice(indent.length) : shown
  })
  const folded = body
    .join("\n")
    .replace(/^\n+|\n+$/g, "")
    .replace(/\n{3,}/g, "\n\n")
  return folded === "" ? title : `${title}\n\n${folded}`
}

/** `git log` shows messages with tabs of eight columns. */
function expandTabs(line: string): string {
  let shown = ""
  for (const char of line) shown += char === "\t" ? " ".repeat(8 - (shown.length % 8)) : char
  return shown
}

/** `diff --git a/x b/x`: both names are the same except in renames, which say `rename to`. */
function pathOfDiffLine(line: string): string | undefined {
  const names = line.slice("diff --git ".length)
  if (names.startsWith('"') || names.endsWith('"')) {
    const second = /("(?:[^"\\]|\\.)*"|\S+)$/.exec(names)?.[1] ?? ""
    return pathOfSide(second, "b/")
  }
  const half = (names.length - 1) / 2
  return names.slice(2, half) === names.slice(half + 3) ? fromBytes(names.slice(2, half)) : undefined
}

function pathOfSide(name: string, prefix: string): string | undefined {
  const plain = unquote(name.replace(/\t$/, ""))
  if (plain === "/dev/null") return undefined
  return fromBytes(plain.startsWith(prefix) ? plain.slice(prefix.length) : plain)
}

const fromBytes = (bytes: string) => (/[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, "latin1").toString("utf8") : bytes)

const escapes = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
])

/** Git quotes unusual names as C strings. */
function unquote(name: string): string {
  if (!name.startsWith('"') || !name.endsWith('"') || name.length < 2) return name
  return name
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (escapes.get(code) ?? code),
    )
}

import type { Commit } from "../finding.ts"

/** What a patch stream holds, in order. */
export type PatchVisitor = {
  /** The added lines of one hunk, without their `+`; the bytes are reused afterwards. */
  hunk(hunk: { path: string; startLine: number; bytes: Uint8Array; commit: Commit | undefined }): void
  /** A binary file that was added or changed. */
  binary(path: string, commit: Commit | undefined): void
}

/**
 * The header that stands before each commit's patch: NUL, then fields ended by NUL. No line of a patch begins with
 * NUL, and no commit message holds one.
 */
export const logFormat = "--format=%x00%H%x00%aN%x00%aE%x00%aI%x00%B%x00"
const headerFields = 6

const newline = 10
const plus = 0x2b

/**
 * Reads `git log -p -U0` (with {@link logFormat}) or `git diff -U0` as it arrives, in pieces of any size. Memory is
 * bounded by one hunk.
 */
export function patchReader(visitor: PatchVisitor): { push(piece: Uint8Array): void; end(): void } {
  let pending: Buffer = Buffer.alloc(0)
  let commit: Commit | undefined
  let path: string | undefined
  let inHunk = { old: 0, new: 0 }
  let startLine = 0
  let added = Buffer.allocUnsafe(64 * 1024)
  let addedLength = 0

  const flush = () => {
    if (addedLength > 0 && path !== undefined)
      visitor.hunk({ path, startLine, bytes: added.subarray(0, addedLength), commit })
    addedLength = 0
  }
  const add = (source: Buffer, from: number, to: number) => {
    const length = to - from
    if (addedLength + length > added.length) {
      const larger = Buffer.allocUnsafe(Math.max(added.length * 2, addedLength + length))
      added.copy(larger, 0, 0, addedLength)
      added = larger
    }
    source.copy(added, addedLength, from, to)
    addedLength += length
  }
  /** One whole line, from its first byte to the newline (or the end of the stream). */
  const readLine = (text: Buffer, from: number, to: number) => {
    const first = text[from]
    if (inHunk.new > 0 && first === plus) {
      inHunk.new--
      add(text, from + 1, to)
    } else if (inHunk.old > 0 && first === 0x2d) inHunk.old--
    else if (first === 0x5c) trimNewline()
    else if (inHunk.new <= 0 && inHunk.old <= 0) readHeader(text, from, to)
  }
  // "\ No newline at end of file" speaks of the line before it.
  const trimNewline = () => {
    if (addedLength > 0 && added[addedLength - 1] === newline && inHunk.new === 0) addedLength--
  }
  const readHeader = (text: Buffer, from: number, to: number) => {
    const line = () => text.toString("latin1", from, to).replace(/\n$/, "")
    if (text[from] === 0x40) {
      flush()
      const range = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line())
      if (range === null) return
      inHunk = { old: Number(range[1] ?? 1), new: Number(range[3] ?? 1) }
      startLine = Number(range[2])
    } else if (startsWith(text, from, to, "diff --git ")) {
      flush()
      path = pathOfDiffLine(line())
    } else if (startsWith(text, from, to, "+++ ")) path = pathOfSide(line().slice(4), "b/")
    else if (startsWith(text, from, to, "rename to ")) path = fromBytes(unquote(line().slice(10)))
    else if (startsWith(text, from, to, "deleted file mode ")) path = undefined
    else if (
      startsWith(text, from, to, "Binary files ") &&
      path !== undefined &&
      !line().endsWith(" and /dev/null differ")
    )
      visitor.binary(path, commit)
  }
  /** Consumes whole lines; a commit header is consumed only when it is whole. Returns what was not consumed. */
  const consume = (text: Buffer, isEnd: boolean): number => {
    let at = 0
    while (at < text.length) {
      if (text[at] === 0 && inHunk.new <= 0 && inHunk.old <= 0) {
        const header = readCommit(text, at)
        if (header === undefined) return isEnd ? text.length : at
        flush()
        commit = header.commit
        path = undefined
        at = header.end
        continue
      }
      const end = text.indexOf(newline, at)
      if (end < 0 && !isEnd) return at
      const next = end < 0 ? text.length : end + 1
      readLine(text, at, next)
      at = next
    }
    return at
  }
  return {
    push(piece) {
      const text = pending.length === 0 ? asBuffer(piece) : Buffer.concat([pending, piece])
      pending = text.subarray(consume(text, false))
      // The rest is kept beyond the life of the piece.
      if (pending.length > 0) pending = Buffer.from(pending)
    },
    end() {
      consume(pending, true)
      flush()
    },
  }
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function startsWith(text: Buffer, from: number, to: number, start: string): boolean {
  if (to - from < start.length) return false
  for (let i = 0; i < start.length; i++) if (text[from + i] !== start.charCodeAt(i)) return false
  return true
}

function readCommit(text: Buffer, from: number): { commit: Commit; end: number } | undefined {
  const fields: string[] = []
  let at = from
  for (let i = 0; i < headerFields; i++) {
    const end = text.indexOf(0, at)
    if (end < 0) return undefined
    fields.push(text.toString("utf8", at, end))
    at = end + 1
  }
  const [, sha = "", author = "", email = "", date = "", message = ""] = fields
  const end = text[at] === newline ? at + 1 : at
  return { commit: { sha, author, email, date: inUtc(date), message: foldMessage(message) }, end }
}

function inUtc(date: string): string {
  const time = Date.parse(date)
  return Number.isNaN(time) ? date : new Date(time).toISOString().replace(".000Z", "Z")
}

/** Title lines joined by spaces, a blank line, then the body with its blank lines reduced to one. */
function foldMessage(message: string): string {
  const lines = message.replace(/^\n+/, "").split("\n")
  const blank = lines.findIndex(line => line.trim() === "")
  const title = lines
    .slice(0, blank < 0 ? undefined : blank)
    .map(line => line.trim())
    .join(" ")
  if (blank < 0) return title
  const body = lines.slice(blank).map(line => expandTabs(line.trimEnd()))
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

const fromBytes = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8")

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

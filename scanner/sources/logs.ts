import { createReadStream } from "node:fs"
import { type FileHandle, open, stat } from "node:fs/promises"
import { resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { fingerprintOf } from "../finding.ts"
import { formatOf, type LogFormat, type LogReader, readerFor } from "./log-formats.ts"
import { type Emit, messageOf, type Source, type SourceReport } from "./source.ts"

export type LogOptions = {
  /** In the order in which they are read; `-` is standard input. Those that end in .gz or .zst are decompressed. */
  files: readonly string[]
  /** Goes on with what is written later, through rotation and truncation, until `until` aborts. */
  follow: boolean
  /** With `follow`: passes over what is there already. */
  newOnly: boolean
  /** Judged by each file's first line without it. */
  format?: LogFormat
  until: AbortSignal
  cwd: string
}

/** A batch ends at the end of a line, and not within a PEM block. */
const batchBytes = 128 * 1024
const maxKeyBytes = 16 * 1024
/** Longer lines are looked at in pieces. */
const maxLineBytes = 1024 * 1024
const pollMs = 250

/** Log files line by line: a finding tells its line and, as far as the log says, when and by whom it was written. */
export function logSource(options: LogOptions): Source {
  return async function* (emit, report) {
    const followers: Follower[] = []
    for (const path of options.files) {
      const lines = lineReader(path, options, emit, report)
      try {
        if (options.follow && isPlain(path)) followers.push(await follower(path, options, lines))
        else yield* readAll(path, options, lines, report)
      } catch (error) {
        if (report.isEnd(error)) throw error
        report.incomplete(`Cannot read ${path}: ${messageOf(error)}`)
      }
    }
    yield* followAll(followers, options, report)
  }
}

const isCompressed = (path: string) => /\.(?:gz|zst)$/.test(path)
const isPlain = (path: string) => path !== "-" && !isCompressed(path)

async function* readAll(path: string, { cwd }: LogOptions, lines: Lines, report: SourceReport) {
  for await (const piece of await contentOf(path, cwd)) {
    report.checkTime()
    lines.push(piece)
    yield
  }
  lines.end()
  yield
}

async function contentOf(path: string, cwd: string): Promise<AsyncIterable<Buffer>> {
  if (path === "-") return process.stdin
  const file = createReadStream(resolve(cwd, path))
  if (!isCompressed(path)) return file
  const { createGunzip, createZstdDecompress } = await import("node:zlib")
  const plain = path.endsWith(".gz") ? createGunzip() : createZstdDecompress()
  file.on("error", error => plain.destroy(error))
  return file.pipe(plain)
}

type Lines = {
  push(piece: Buffer): void
  /** Looks at what is held back: the end of the file, or nothing more for a while. */
  end(): void
  /** The file begins anew. */
  restart(): void
}

/** Gathers whole lines and emits them by the batch. */
function lineReader(path: string, { format }: LogOptions, emit: Emit, report: SourceReport): Lines {
  let held: Buffer = Buffer.alloc(0)
  let line = 1
  let read: LogReader | undefined
  const take = (length: number) => {
    if (length === 0) return
    const lines = held.subarray(0, length)
    held = held.subarray(length)
    read ??= openReader(path, format, lines, report)
    emitLines(path, read, lines, line, emit)
    line += countNewlines(lines)
  }
  return {
    push(piece) {
      held = held.length === 0 ? piece : Buffer.concat([held, piece])
      while (held.length >= batchBytes) {
        const before = held.length
        take(batchEnd(held))
        if (held.length === before) return
      }
    },
    end: () => take(held.length),
    restart() {
      take(held.length)
      line = 1
    },
  }
}

function openReader(path: string, format: LogFormat | undefined, lines: Buffer, report: SourceReport): LogReader {
  const end = lines.indexOf(10)
  const found = format ?? formatOf(lines.toString("utf8", 0, end < 0 ? lines.length : end))
  if (found !== "export") return readerFor(found)
  report.incomplete(`${path} is in journald's export format, which is not read: use journalctl -o json`)
  return () => ({ bytes: Buffer.alloc(0), origin: () => ({ line: 1, date: "", author: "" }) })
}

/** How many bytes to look at; 0: wait for more. */
function batchEnd(held: Buffer): number {
  const newline = held.lastIndexOf(10)
  if (newline < 0) return held.length >= maxLineBytes ? held.length : 0
  const end = newline + 1
  const key = held.lastIndexOf("-----BEGIN", end)
  const isInKey = key > 0 && end - key < maxKeyBytes && held.indexOf("-----END", key) < 0
  const start = isInKey ? held.lastIndexOf(10, key) + 1 : end
  return start > 0 ? start : end
}

function emitLines(path: string, read: LogReader, lines: Buffer, firstLine: number, emit: Emit): void {
  const { bytes, origin } = read(lines, firstLine)
  if (bytes.length === 0) return
  emit({
    bytes,
    path: path === "-" ? "" : path,
    startLine: 0,
    complete(finding) {
      const { line, date, author } = origin(finding.startLine)
      const placed = { ...finding, date, author, startLine: line, endLine: origin(finding.endLine).line }
      return { ...placed, fingerprint: fingerprintOf(placed) }
    },
  })
}

function countNewlines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}

type Follower = {
  path: string
  file: FileHandle | undefined
  inode: number
  offset: number
  quiet: number
  lines: Lines
}

async function follower(path: string, { cwd, newOnly }: LogOptions, lines: Lines): Promise<Follower> {
  const file = await open(resolve(cwd, path), "r")
  const { ino, size } = await file.stat()
  return { path, file, inode: ino, offset: newOnly ? size : 0, quiet: 0, lines }
}

async function* followAll(followers: readonly Follower[], options: LogOptions, report: SourceReport) {
  const buffer = Buffer.allocUnsafe(batchBytes)
  while (followers.length > 0 && !options.until.aborted) {
    let isBusy = false
    for (const one of followers) {
      report.checkTime()
      if (await readOn(one, buffer, options)) isBusy = true
      yield
    }
    if (!isBusy) await wait(pollMs, undefined, { signal: options.until }).catch(() => {})
  }
  for (const one of followers) {
    while (await readOn(one, buffer, options)) yield
    one.lines.end()
    await one.file?.close()
  }
  yield
}

/** Reads what was added; false when there is nothing. A line without its end waits one more turn. */
async function readOn(one: Follower, buffer: Buffer, { cwd }: LogOptions): Promise<boolean> {
  const { file } = one
  if (file !== undefined && (await file.stat()).size < one.offset) {
    // Truncated, as by logrotate's copytruncate.
    one.lines.restart()
    one.offset = 0
  }
  const { bytesRead } = (await file?.read(buffer, 0, buffer.length, one.offset)) ?? { bytesRead: 0 }
  if (bytesRead > 0) {
    one.offset += bytesRead
    one.quiet = 0
    one.lines.push(Buffer.from(buffer.subarray(0, bytesRead)))
    return true
  }
  if (++one.quiet === 2) one.lines.end()
  return await reopened(one, resolve(cwd, one.path))
}

/** After a rotation another file has the name; the old one was read to its end. */
async function reopened(one: Follower, path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || found.ino === one.inode) return false
  const next = await open(path, "r").catch(() => undefined)
  if (next === undefined) return false
  await one.file?.close()
  one.lines.restart()
  Object.assign(one, { file: next, inode: found.ino, offset: 0, quiet: 0 })
  return true
}

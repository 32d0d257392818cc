import { type PackagedKind, packagedKind, type Tick } from "./archive-kind.ts"
import { compressions } from "./archive-name.ts"

/** How much an archive may hold: what lies beyond is refused, so that a small file cannot fill the memory. */
export type ArchiveLimits = {
  /** Bytes of one unpacked file, and of a whole decompressed stream. */
  maxFileBytes: number
  /** Bytes unpacked from one archive. */
  maxTotalBytes: number
  maxEntries: number
}

export const defaultArchiveLimits: ArchiveLimits = {
  maxFileBytes: 64 * 1024 * 1024,
  maxTotalBytes: 512 * 1024 * 1024,
  maxEntries: 100_000,
}

/** A file in an archive; `isWhole` when the archive is a single compressed file without names inside. */
export type ArchivePart = { path: string; bytes: Uint8Array; isWhole: boolean }

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer

// Loaded at the first archive: most scans meet none.
const zlib = () => process.getBuiltinModule("node:zlib")

const decompressors: Readonly<Record<string, Decompress | undefined>> = {
  ".gz": (...args) => zlib().gunzipSync(...args),
  ".tgz": (...args) => zlib().gunzipSync(...args),
  ".zst": (...args) => zlib().zstdDecompressSync(...args),
  ".br": (...args) => zlib().brotliDecompressSync(...args),
  ".zz": (...args) => zlib().inflateSync(...args),
}
const inflateRaw: Decompress = (...args) => zlib().inflateRawSync(...args)
const zstd: Decompress = (...args) => zlib().zstdDecompressSync(...args)

/** The files of an archive, one at a time. Throws an Error with the reason on damage or when a limit is passed. */
export function* openArchive(path: string, bytes: Uint8Array, limits: ArchiveLimits): Generator<ArchivePart> {
  const count = counter(limits)
  for (const part of parts(path, bytes, limits)) yield count(part)
}

/** The same for the kinds that packages read (`packagedKind`); `tick` is called now and then, and may end it by throwing. */
export async function* openPackaged(
  kind: PackagedKind,
  path: string,
  bytes: Uint8Array,
  limits: ArchiveLimits,
  tick: Tick,
): AsyncGenerator<ArchivePart> {
  const { decompressed, unpacked } = await import("./archive-packages.ts")
  const count = counter(limits)
  if (kind === "7z" || kind === "rar") for await (const part of unpacked(bytes, limits, tick)) yield count(part)
  else {
    const plain = await decompressed(kind, bytes, limits.maxTotalBytes, tick)
    for (const part of isTar(plain) ? tarParts(plain) : [{ path, bytes: plain, isWhole: true }]) yield count(part)
  }
}

function counter(limits: ArchiveLimits): (part: ArchivePart) => ArchivePart {
  let total = 0
  let entries = 0
  return part => {
    total += part.bytes.length
    if (++entries > limits.maxEntries) throw new Error(`it holds more than ${limits.maxEntries} files`)
    if (total > limits.maxTotalBytes) throw new Error(`it unpacks to more than ${limits.maxTotalBytes} bytes`)
    return part
  }
}

function parts(path: string, bytes: Uint8Array, limits: ArchiveLimits): Iterable<ArchivePart> {
  const name = path.toLowerCase()
  if (startsWith(bytes, "PK\x03\x04") || startsWith(bytes, "PK\x05\x06")) return zipParts(bytes, limits)
  if (isTar(bytes)) return tarParts(bytes)
  const compression = compressionOf(bytes) ?? compressions.find(extension => name.includes(extension))
  // Only its name says archive: it is read as what it is.
  if (compression === undefined || packagedNames.includes(compression)) return [{ path, bytes, isWhole: true }]
  const decompressor = decompressors[compression]
  if (decompressor === undefined) throw new Error(`the format ${compression} is not supported`)
  const plain = decompress(decompressor, bytes, limits)
  return isTar(plain) ? tarParts(plain) : [{ path, bytes: plain, isWhole: true }]
}

/** Told by their content, so that the name alone says nothing. */
const packagedNames = [".bz2", ".xz"]

const compressionOf = (bytes: Uint8Array) =>
  startsWith(bytes, "\x1f\x8b\x08") ? ".gz" : startsWith(bytes, "\x28\xb5\x2f\xfd") ? ".zst" : undefined

/** Whether the content is an archive that can be opened, whatever its name. */
export const isArchive = (bytes: Uint8Array) =>
  startsWith(bytes, "PK\x03\x04") ||
  isTar(bytes) ||
  compressionOf(bytes) !== undefined ||
  packagedKind(bytes) !== undefined

function decompress(by: Decompress, bytes: Uint8Array, limits: ArchiveLimits): Buffer {
  try {
    return by(bytes, { maxOutputLength: limits.maxTotalBytes })
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`it unpacks to more than ${limits.maxTotalBytes} bytes`)
    throw error
  }
}

const startsWith = (bytes: Uint8Array, text: string, at = 0) =>
  bytes.length >= at + text.length &&
  Buffer.from(bytes.buffer, bytes.byteOffset + at, text.length).toString("latin1") === text

const isTar = (bytes: Uint8Array) => startsWith(bytes, "ustar", 257)

/** POSIX ustar with GNU long names and PAX paths. */
function* tarParts(bytes: Uint8Array): Generator<ArchivePart> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let longName: string | undefined
  for (let at = 0; at + 512 <= view.length; ) {
    const header = view.subarray(at, at + 512)
    if (header.every(byte => byte === 0)) return
    const size = tarNumber(header.subarray(124, 136))
    const content = view.subarray(at + 512, at + 512 + size)
    if (content.length < size) throw new Error("it ends in the middle of a file")
    const type = String.fromCharCode(header[156] ?? 0)
    at += 512 + Math.ceil(size / 512) * 512
    if (type === "L") longName = text(content)
    else if (type === "x") longName = paxPath(content) ?? longName
    else {
      const prefix = startsWith(header, "ustar\x00", 257) ? text(header.subarray(345, 500)) : ""
      const name = longName ?? (prefix === "" ? "" : `${prefix}/`) + text(header.subarray(0, 100))
      longName = undefined
      if (type === "0" || type === "\0" || type === "7") yield { path: cleanPath(name), bytes: content, isWhole: false }
    }
  }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8").replace(/\0.*$/s, "")

/** Octal, or base 256 when the top bit is set. */
function tarNumber(field: Uint8Array): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (!Number.isSafeInteger(value)) throw new Error("a file's size in it is not a number")
    return value
  }
  const value = Number.parseInt(text(field).trim() || "0", 8)
  if (Number.isNaN(value)) throw new Error("a file's size in it is not a number")
  return value
}

/** `<length> path=<value>\n` among the records of a PAX header. */
function paxPath(content: Uint8Array): string | undefined {
  const records = Buffer.from(content)
  for (let at = 0; at < records.length; ) {
    const space = records.indexOf(32, at)
    const length = Number.parseInt(records.toString("latin1", at, space), 10)
    if (space < 0 || !(length > 0)) return undefined
    const record = records.toString("utf8", space + 1, at + length - 1)
    if (record.startsWith("path=")) return record.slice(5)
    at += length
  }
  return undefined
}

/** Reads by the central directory; local headers may lie about sizes. */
function* zipParts(bytes: Uint8Array, limits: ArchiveLimits): Generator<ArchivePart> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = view.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"))
  if (end < 0 || end + 22 > view.length) throw new Error("its directory is missing")
  const entries = view.readUInt16LE(end + 10)
  let at = view.readUInt32LE(end + 16)
  const seen = new Set<number>()
  for (let i = 0; i < entries; i++) {
    if (at + 46 > view.length || !startsWith(view, "PK\x01\x02", at)) throw new Error("its directory is damaged")
    const entry = zipEntry(view, at)
    at = entry.next
    // Overlapping entries are how a "better zip bomb" reuses one stream.
    if (seen.has(entry.localAt)) throw new Error("two of its files share their content")
    seen.add(entry.localAt)
    if (!entry.name.endsWith("/"))
      yield { path: cleanPath(entry.name), bytes: zipContent(view, entry, limits), isWhole: false }
  }
}

type ZipEntry = { name: string; method: number; encrypted: boolean; packed: number; localAt: number; next: number }

function zipEntry(view: Buffer, at: number): ZipEntry {
  const nameLength = view.readUInt16LE(at + 28)
  return {
    name: view.toString("utf8", at + 46, at + 46 + nameLength),
    encrypted: (view.readUInt16LE(at + 8) & 1) === 1,
    method: view.readUInt16LE(at + 10),
    packed: view.readUInt32LE(at + 20),
    localAt: view.readUInt32LE(at + 42),
    next: at + 46 + nameLength + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32),
  }
}

function zipContent(view: Buffer, entry: ZipEntry, limits: ArchiveLimits): Uint8Array {
  const { localAt: at, packed } = entry
  if (at + 30 > view.length || !startsWith(view, "PK\x03\x04", at))
    throw new Error(`the file ${entry.name} in it is missing`)
  const start = at + 30 + view.readUInt16LE(at + 26) + view.readUInt16LE(at + 28)
  const content = view.subarray(start, start + packed)
  if (content.length < packed) throw new Error("it ends in the middle of a file")
  if (entry.encrypted) throw new Error(`the file ${entry.name} in it is encrypted`)
  if (entry.method === 0) return content
  if (entry.method === 8) return decompress(inflateRaw, content, { ...limits, maxTotalBytes: limits.maxFileBytes })
  if (entry.method === 93) return decompress(zstd, content, { ...limits, maxTotalBytes: limits.maxFileBytes })
  throw new Error(`the file ${entry.name} in it has the unsupported compression ${entry.method}`)
}

/** As Go's filepath.Clean for the paths seen in archives: no `.`, no `//`, `..` kept only at the start. */
function cleanPath(path: string): string {
  const kept: string[] = []
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue
    if (part === ".." && kept.length > 0 && kept.at(-1) !== "..") kept.pop()
    else if (part !== ".." || !path.startsWith("/")) kept.push(part)
  }
  return (path.startsWith("/") ? "/" : "") + (kept.join("/") || (path.startsWith("/") ? "" : "."))
}

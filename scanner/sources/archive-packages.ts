/**
 * Archive kinds that Node cannot read by itself: bzip2 (seek-bzip, JavaScript), xz (xz-decompress, WebAssembly), 7z and rar
 * (libarchive-wasm). Each package is loaded at the first archive of its kind, and runs without access to anything but its memory.
 */

import { carriedFile } from "../installed.ts"
import type { ArchiveLimits, ArchivePart } from "./archive.ts"
import type { Tick } from "./archive-kind.ts"

/** The plain bytes of a bzip2 or xz stream; throws when they are more than the limit. */
export async function decompressed(
  kind: "bzip2" | "xz",
  bytes: Uint8Array,
  maxBytes: number,
  tick: Tick,
): Promise<Buffer> {
  return kind === "bzip2" ? bunzip(bytes, maxBytes, tick) : unxz(bytes, maxBytes, tick)
}

const tooLarge = (maxBytes: number) => new Error(`it unpacks to more than ${maxBytes} bytes`)

async function bunzip(bytes: Uint8Array, maxBytes: number, tick: Tick): Promise<Buffer> {
  const { default: bzip } = await loaded("seek-bzip", () => import("seek-bzip"))
  let plain = Buffer.allocUnsafe(Math.min(Math.max(bytes.length * 4, 65_536), maxBytes))
  let length = 0
  const writeByte = (byte: number) => {
    if (length === maxBytes) throw tooLarge(maxBytes)
    if (length === plain.length) plain = grown(plain, maxBytes)
    if ((length & 0xfffff) === 0) tick()
    plain[length++] = byte
  }
  const write = (from: Uint8Array, at: number, count: number) => {
    for (let i = at; i < at + count; i++) writeByte(from[i] ?? 0)
    return count
  }
  bzip.decode(bytes, { writeByte, write, flush() {} }, true)
  return plain.subarray(0, length)
}

function grown(bytes: Buffer, maxBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(Math.min(bytes.length * 2, maxBytes))
  bytes.copy(larger)
  return larger
}

/** Its names cannot be seen by an import: it assigns them one by one. The built scanner has a `require` of its own. */
async function required(): Promise<typeof import("xz-decompress")> {
  if (typeof require === "function") return require("xz-decompress")
  return process.getBuiltinModule("node:module").createRequire(import.meta.url)("xz-decompress")
}

async function unxz(bytes: Uint8Array, maxBytes: number, tick: Tick): Promise<Buffer> {
  const { XzReadableStream } = await loaded("xz-decompress", required)
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of new XzReadableStream(new Blob([Buffer.from(bytes)]).stream())) {
    tick()
    length += piece.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    pieces.push(piece.slice())
  }
  return Buffer.concat(pieces)
}

const regularFile = 0o100000
const pieceBytes = 64 * 1024

/** The files of a 7z or rar archive. */
export async function* unpacked(bytes: Uint8Array, limits: ArchiveLimits, tick: Tick): AsyncGenerator<ArchivePart> {
  const { libarchiveWasm } = await loaded("libarchive-wasm", () => import("libarchive-wasm"))
  // The package looks for its code beside itself, where an executable has nothing.
  const wasmBinary = carriedFile("libarchive.wasm")
  // A fresh memory for each archive: what one has damaged is gone with it.
  const library = await libarchiveWasm(wasmBinary === undefined ? {} : { wasmBinary })
  const { module } = library
  const input = module._malloc(bytes.length)
  const piece = module._malloc(pieceBytes)
  if (input === 0 || piece === 0) throw new Error("it is too large to be unpacked")
  module.HEAP8.set(bytes, input)
  const archive = library.read_new_memory(input, bytes.length)
  for (let entry = library.read_next_entry(archive); entry !== 0; entry = library.read_next_entry(archive)) {
    tick()
    if (library.entry_filetype(entry) !== regularFile) continue
    const path = library.entry_pathname(entry)
    if (library.entry_is_encrypted(entry) !== 0) throw new Error(`the file ${path} in it is encrypted`)
    const pieces: Buffer[] = []
    let length = 0
    for (let count = pieceBytes; count > 0; ) {
      tick()
      count = library.read_data(archive, piece, pieceBytes)
      length += count
      if (length > limits.maxFileBytes) throw tooLarge(limits.maxFileBytes)
      // The memory moves when it grows: the view is taken anew each time.
      pieces.push(Buffer.from(module.HEAP8.slice(piece, piece + count)))
    }
    yield { path, bytes: Buffer.concat(pieces), isWhole: false }
  }
  // The end and a failure are told apart by the text alone.
  const reason = library.error_string(archive)
  if (reason !== null && reason !== "") throw new Error(reason)
}

async function loaded<T>(name: string, load: () => Promise<T>): Promise<T> {
  return load().catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error
    throw new Error(`reading it needs the npm package ${name}, which is not installed: npm install ${name}`)
  })
}

/**
 * The file of a snapshot: a gzipped tar (POSIX ustar), as Vault's is, so that clients which look into it find what they look
 * for. Its members, in this order:
 *
 *     meta.json             what it is of, and when it was made
 *     state/000000 …        entries: key length (4 bytes, big endian) ‖ value length (4) ‖ key ‖ value
 *     SHA256SUMS            a line for each member above: hash, two spaces, name
 *     SHA256SUMS.sealed     the same, sealed by the keyring of the store
 *
 * The state comes in members of about a megabyte, so neither side ever holds more than one of them.
 */

import type { StoredEntry } from "@arca/storage"

export const META = "meta.json"
export const STATE = "state/"
export const SUMS = "SHA256SUMS"
export const SEALED_SUMS = "SHA256SUMS.sealed"

export interface SnapshotMeta {
  /** Of the outer form; Vault's word. */
  readonly Version: 1
  readonly ID: string
  /** The version of the store, and the active term of its keyring. */
  readonly Index: number
  readonly Term: number
  /** Of what lies in `state/`. */
  readonly arca_format: 1
  readonly arca_version: string
  readonly cluster_id: string
  readonly storage_type: string
  /** RFC 3339. */
  readonly created: string
}

export interface Member {
  readonly name: string
  readonly content: Uint8Array
}

/** The archive is not one of ours, or is not whole. The message says where. */
export class BadArchive extends Error {
  override readonly name = "BadArchive"
}

const BLOCK = 512
/** A member larger than this is not one of ours: the largest entry a request can make is half of it. */
const MAX_MEMBER = 80 * 1024 * 1024

const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, "0")}\0`

/** A tar header, the content, and zeros up to the next block. */
export function* packed({ name, content }: Member): Generator<Uint8Array> {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  header.write(octal(0o600, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(content.length, 12), 124)
  header.write(octal(0, 12), 136)
  header.write("        ", 148)
  header.write("0", 156)
  header.write("ustar\u000000", 257)
  header.write(octal(checksum(header), 7), 148)
  yield header
  yield content
  const rest = content.length % BLOCK
  if (rest > 0) yield Buffer.alloc(BLOCK - rest)
}

/** What ends a tar. */
export const END = Buffer.alloc(2 * BLOCK)

/** A tar of a few small members. */
export const tarOf = (all: readonly Member[]): Buffer => Buffer.concat([...all.flatMap(one => [...packed(one)]), END])

const checksum = (header: Uint8Array): number => header.reduce((sum, byte) => sum + byte, 0)

/** Members of a tar as they come. Throws `BadArchive`. */
export async function* members(source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const reader = new BlockReader(source)
  for (;;) {
    const header = await reader.take(BLOCK)
    if (header.every(byte => byte === 0)) return reader.drain()
    const { name, size } = headerOf(header)
    const content = await reader.take(size)
    const rest = size % BLOCK
    if (rest > 0) await reader.take(BLOCK - rest)
    yield { name, content }
  }
}

function headerOf(header: Buffer): { name: string; size: number } {
  const text = (from: number, length: number) => header.toString("latin1", from, from + length).replace(/\0.*$/s, "")
  const wanted = Number.parseInt(text(148, 8), 8)
  header.fill(0x20, 148, 156)
  const size = Number.parseInt(text(124, 12), 8)
  if (checksum(header) !== wanted || !Number.isSafeInteger(size)) throw new BadArchive("it is no tar archive")
  if (size > MAX_MEMBER) throw new BadArchive(`its member ${JSON.stringify(text(0, 100))} is too large to be ours`)
  return { name: text(0, 100), size }
}

/** Takes exact numbers of bytes from a stream of chunks. */
class BlockReader {
  readonly #source: AsyncIterator<Uint8Array>
  #chunks: Uint8Array[] = []
  #held = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    while (this.#held < length) {
      const { value, done } = await this.#source.next()
      if (done) throw new BadArchive("it ends in the middle")
      this.#chunks.push(value)
      this.#held += value.length
    }
    const all = Buffer.concat(this.#chunks, this.#held)
    this.#chunks = [all.subarray(length)]
    this.#held -= length
    return all.subarray(0, length)
  }

  /** Reads on to the end, so that whoever decompresses can check its own sum. */
  async drain(): Promise<void> {
    while (!(await this.#source.next()).done);
  }
}

/** An entry as it stands in a member. */
export function framed({ key, value }: StoredEntry): Uint8Array {
  const name = Buffer.from(key)
  const frame = Buffer.allocUnsafe(8 + name.length + value.length)
  frame.writeUInt32BE(name.length, 0)
  frame.writeUInt32BE(value.length, 4)
  frame.set(name, 8)
  frame.set(value, 8 + name.length)
  return frame
}

/** The entries of a member. Throws `BadArchive`. */
export function* unframed(content: Uint8Array): Generator<StoredEntry> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length)
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw new BadArchive("an entry is cut off")
    const from = at + 8
    const middle = from + bytes.readUInt32BE(at)
    const end = middle + bytes.readUInt32BE(at + 4)
    if (end > bytes.length) throw new BadArchive("an entry is cut off")
    yield { key: bytes.toString("utf8", from, middle), value: new Uint8Array(bytes.subarray(middle, end)) }
    at = end
  }
}

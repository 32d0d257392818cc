import type { ByteReader } from "./source.ts"

const chunkBytes = 100_000
const peekBytes = 25_000
/** The buffer behind Go's bufio.Reader: what is left in it after a boundary search makes the next, small chunk. */
const bufferBytes = 4096

/**
 * Cuts a stream as Gitleaks does: 100,000 bytes, extended byte by byte to the next blank line, by 25,000 at most.
 * The cuts decide which keywords count as near, and so must be the same for equal findings. Chunks are views of one
 * buffer, valid until the next is asked for.
 */
export function* chunksOf(read: ByteReader): Generator<{ bytes: Uint8Array; startLine: number }> {
  const chunk = new Uint8Array(chunkBytes + peekBytes)
  const ahead = new Uint8Array(bufferBytes)
  let aheadAt = 0
  let aheadEnd = 0
  const readByte = (): number => {
    if (aheadAt === aheadEnd) {
      aheadAt = 0
      aheadEnd = read(ahead)
      if (aheadEnd === 0) return -1
    }
    return ahead[aheadAt++] ?? -1
  }
  for (let startLine = 1; ; ) {
    let length: number
    if (aheadAt < aheadEnd) {
      chunk.set(ahead.subarray(aheadAt, aheadEnd))
      length = aheadEnd - aheadAt
      aheadAt = aheadEnd
    } else length = read(chunk.subarray(0, chunkBytes))
    if (length === 0) return
    length = extendToBlankLine(chunk, length, readByte)
    const bytes = chunk.subarray(0, length)
    yield { bytes, startLine }
    startLine += countNewlines(bytes)
  }
}

const newline = 10
const isSpace = (byte: number | undefined) => byte === 32 || byte === 9 || byte === 10 || byte === 13

function extendToBlankLine(chunk: Uint8Array, start: number, readByte: () => number): number {
  if (endsInBlankLine(chunk, start)) return start
  let length = start
  let newlines = 0
  for (;;) {
    const last = chunk[length - 1]
    if (last === newline) {
      if (++newlines >= 2) return length
    } else if (!isSpace(last)) newlines = 0
    if (length - start >= peekBytes) return length
    const byte = readByte()
    if (byte < 0) return length
    chunk[length++] = byte
  }
}

function endsInBlankLine(chunk: Uint8Array, length: number): boolean {
  let newlines = 0
  for (let at = length - 1; at >= 0 && isSpace(chunk[at]); at--)
    if (chunk[at] === newline && ++newlines >= 2) return true
  return false
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

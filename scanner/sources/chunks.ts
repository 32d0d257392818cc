import type { ByteReader } from "./source.ts"

const chunkBytes = 100_000
const peekBytes = 25_000
/** The buffer behind Go's bufio.Reader: what is left in it after a boundary search makes the next, small chunk. */
const bufferBytes = 4096
/** No cut depends on more than this many bytes. */
const reachBytes = chunkBytes + peekBytes + bufferBytes
const windowBytes = 1024 * 1024

/** Bytes are a view of a buffer that is used again for the next chunk. */
export type Chunk = { bytes: Uint8Array; startLine: number }

/**
 * Cuts a file as Gitleaks does: 100,000 bytes, extended byte by byte to the next blank line, by 25,000 at most.
 * The cuts decide which keywords count as near, and so must be the same for equal findings.
 */
export function* chunksOf(read: ByteReader): Generator<Chunk> {
  const cutter = cutterOf()
  const window = sharedWindow()
  let kept = 0
  try {
    for (;;) {
      const length = kept + read(window.subarray(kept))
      const isEnd = length < window.length
      const used = yield* cutter(window.subarray(0, length), isEnd)
      if (isEnd) return
      window.copyWithin(0, used, length)
      kept = length - used
    }
  } finally {
    spare = window
  }
}

/** The chunks of a whole text that lies in memory. */
export const chunksIn = (bytes: Uint8Array): Generator<Chunk> => cutterOf()(bytes, true)

/** The chunks of bytes that arrive in pieces. */
export async function* chunksOfStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
  const cutter = cutterOf()
  let window = Buffer.alloc(0)
  for await (const piece of pieces) {
    window = Buffer.concat([window, piece])
    if (window.length <= reachBytes * 2) continue
    window = window.subarray(yield* cutter(window, false))
  }
  yield* cutter(window, true)
}

/** One window serves one file after another; files within archives get their own. */
let spare: Uint8Array | undefined
function sharedWindow(): Uint8Array {
  const window = spare ?? new Uint8Array(windowBytes)
  spare = undefined
  return window
}

/**
 * Remembers between windows what Go's reader would hold. Each call cuts off the chunks that are certain (all of them at the
 * end) and returns how many bytes they took.
 */
function cutterOf(): (window: Uint8Array, isEnd: boolean) => Generator<Chunk, number> {
  let buffered = 0
  let startLine = 1
  return function* cut(window, isEnd) {
    let at = 0
    while (at < window.length && (isEnd || window.length - at > reachBytes)) {
      const rest = window.length - at
      let length = buffered > 0 ? buffered : Math.min(chunkBytes, rest)
      buffered = 0
      const extended = lengthToBlankLine(window, at, length)
      const read = extended - length
      // Bytes of the search are fetched by the buffer; what it fetched too much is the next chunk.
      if (read > 0) buffered = Math.min(Math.ceil(read / bufferBytes) * bufferBytes, rest - length) - read
      length = extended
      const bytes = window.subarray(at, at + length)
      yield { bytes, startLine }
      if (at + length < window.length || !isEnd) startLine += countNewlines(bytes)
      at += length
    }
    return at
  }
}

const newline = 10
const isSpace = (byte: number | undefined) => byte === 32 || byte === 9 || byte === 10 || byte === 13

function lengthToBlankLine(window: Uint8Array, from: number, start: number): number {
  if (from + start === window.length || endsInBlankLine(window, from, start)) return start
  let newlines = 0
  for (let length = start; ; length++) {
    const last = window[from + length - 1]
    if (last === newline) {
      if (++newlines >= 2) return length
    } else if (!isSpace(last)) newlines = 0
    if (length - start >= peekBytes || from + length >= window.length) return length
  }
}

function endsInBlankLine(window: Uint8Array, from: number, length: number): boolean {
  let newlines = 0
  for (let at = from + length - 1; at >= from && isSpace(window[at]); at--)
    if (window[at] === newline && ++newlines >= 2) return true
  return false
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

/** Reads a file line by line without holding more of it than one line. */

import { open } from "node:fs/promises"

const CHUNK_BYTES = 256 * 1024
const LINE_FEED = 0x0a

export interface FileLine {
  /** Without its line feed. Valid until the next line is asked for. */
  readonly bytes: Buffer
  /** False for a last line that has no line feed. */
  readonly ended: boolean
  /** Where the next line begins. */
  readonly offset: number
}

/** A line longer than this is no audit record: the largest request is 32 MiB. */
const LINE_BYTES = 256 * 1024 * 1024

export async function* linesOfFile(file: string, from = 0): AsyncGenerator<FileLine> {
  await using handle = await open(file, "r")
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let rest: Buffer[] = []
  let restBytes = 0
  let position = from
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) break
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0 && end < bytesRead; end = chunk.indexOf(LINE_FEED, start)) {
      const piece = chunk.subarray(start, end)
      const bytes = rest.length === 0 ? piece : Buffer.concat([...rest, piece])
      rest = []
      restBytes = 0
      start = end + 1
      yield { bytes, ended: true, offset: position + start }
    }
    if (start < bytesRead) {
      rest.push(Buffer.from(chunk.subarray(start, bytesRead)))
      restBytes += bytesRead - start
      if (restBytes > LINE_BYTES)
        throw new Error(`Cannot read "${file}": it has a line longer than ${LINE_BYTES} bytes`)
    }
    position += bytesRead
  }
  if (restBytes > 0) yield { bytes: Buffer.concat(rest), ended: false, offset: position }
}

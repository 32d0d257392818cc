import { readSync } from "node:fs"
import { chunksIn, chunksOf, chunksOfStream } from "./chunks.ts"
import { isApplicationFile } from "./sniff.ts"
import type { ByteReader, Source } from "./source.ts"

/** Bytes that arrive in pieces; `path` is what they are reported under. */
export function streamSource(pieces: AsyncIterable<Uint8Array>, path = ""): Source {
  return async function* (emit, report) {
    let isFirst = true
    for await (const { bytes, startLine } of chunksOfStream(pieces)) {
      report.checkTime()
      if (isFirst && isApplicationFile(bytes)) return
      isFirst = false
      emit({ bytes, path, startLine })
      yield
    }
  }
}

/** A text in memory. */
export function textSource(text: string | Uint8Array, path = ""): Source {
  return async function* (emit) {
    for (const { bytes, startLine } of chunksIn(typeof text === "string" ? Buffer.from(text) : text))
      emit({ bytes, path, startLine })
    yield
  }
}

/** Standard input, read without Node's stream machinery: that alone takes longer to load than a commit to scan. */
export function stdinSource(): Source {
  return async function* (emit, report) {
    let isFirst = true
    for (const { bytes, startLine } of chunksOf(readStdin)) {
      report.checkTime()
      if (isFirst && isApplicationFile(bytes)) return
      isFirst = false
      emit({ bytes, path: "", startLine })
      yield
    }
  }
}

const readStdin: ByteReader = target => {
  let filled = 0
  while (filled < target.length) {
    const count = readOnce(target, filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** A pipe that another process made non-blocking answers EAGAIN while it is empty. */
function readOnce(target: Uint8Array, at: number): number {
  for (;;) {
    try {
      return readSync(0, target, at, target.length - at, null)
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined
      if (code === "EOF") return 0
      if (code !== "EAGAIN") throw error
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}

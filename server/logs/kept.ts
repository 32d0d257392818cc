/**
 * The log's lines for readers in other processes of this machine (`sys/monitor` shows what all workers write). They come and
 * fetch; a reader that stays away is forgotten with the next line.
 */

import { type Format, type Level, type Line, lineOf } from "./lines.ts"
import type { Logs } from "./logs.ts"

/** Lines kept for one reader; more are dropped, and told of. */
const BACKLOG = 512
/** How long a reader may stay away, in seconds. */
const PATIENCE_SECONDS = 10
/** More readers than this are not served: each costs a line's copy. */
const MAX_READERS = 32

interface Reader {
  readonly lines: Line[]
  readonly stop: () => void
  dropped: number
  fetchedAt: number
}

/** `now` is seconds. What is returned answers with the lines since the reader asked last, as text. */
export function keptLines(logs: Logs, now: () => number): (name: string, least: Level, format: Format) => string {
  const readers = new Map<string, Reader>()

  const begin = (name: string, least: Level): Reader => {
    const lines: Line[] = []
    const stop = logs.watch(least, line => {
      if (now() - reader.fetchedAt > PATIENCE_SECONDS) {
        stop()
        readers.delete(name)
      } else if (lines.length < BACKLOG) lines.push(line)
      else reader.dropped++
    })
    const reader: Reader = { lines, stop, dropped: 0, fetchedAt: now() }
    readers.set(name, reader)
    return reader
  }

  return (name, least, format) => {
    const known = readers.get(name)
    if (known === undefined && readers.size >= MAX_READERS) return ""
    const reader = known ?? begin(name, least)
    reader.fetchedAt = now()
    const text = reader.lines.splice(0).map(line => lineOf(line, format))
    if (reader.dropped > 0) text.push(`Monitor dropped ${reader.dropped} logs during monitor request\n`)
    reader.dropped = 0
    return text.join("")
  }
}

/**
 * The log's lines for readers in other processes of this machine (`sys/monitor` shows what all workers write). They come and
 * fetch; a reader that stays away is forgotten with the next line.
 */

import { type Format, type Level, type Line, lineOf } from "./lines.ts"
import type { Logs } from "./logs.ts"

/** How long a reader may stay away, in seconds. */
const PATIENCE_SECONDS = 10
/** More readers than this are not served: each costs a line's copy. */
const MAX_READERS = 32

/** Lines that one reader may be behind; more are dropped, and told of. */
const BACKLOG = 512

/** Lines that wait for a reader. */
export interface Backlog {
  add(line: Line): void
  /** What waits, as text; it waits no more. */
  take(format: Format): string
}

export function backlog(): Backlog {
  const lines: Line[] = []
  let dropped = 0
  return {
    add: line => {
      if (lines.length < BACKLOG) lines.push(line)
      else dropped++
    },
    take: format => {
      const text = lines.splice(0).map(line => lineOf(line, format))
      if (dropped > 0) text.push(`Monitor dropped ${dropped} logs during monitor request\n`)
      dropped = 0
      return text.join("")
    },
  }
}

interface Reader {
  readonly waiting: Backlog
  fetchedAt: number
}

/** `now` is seconds. What is returned answers with the lines since the reader asked last, as text. */
export function keptLines(logs: Logs, now: () => number): (name: string, least: Level, format: Format) => string {
  const readers = new Map<string, Reader>()

  const begin = (name: string, least: Level): Reader => {
    const reader: Reader = { waiting: backlog(), fetchedAt: now() }
    const stop = logs.watch(least, line => {
      if (now() - reader.fetchedAt <= PATIENCE_SECONDS) return reader.waiting.add(line)
      stop()
      readers.delete(name)
    })
    readers.set(name, reader)
    return reader
  }

  return (name, least, format) => {
    const known = readers.get(name)
    if (known === undefined && readers.size >= MAX_READERS) return ""
    const reader = known ?? begin(name, least)
    reader.fetchedAt = now()
    return reader.waiting.take(format)
  }
}

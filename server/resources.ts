/** What outlives a request in this process: connection pools and the like, one for each key, until nobody asks for it. */

import type { Logger } from "./logs/logs.ts"

/** Seconds without being asked for after which a resource is closed. */
const IDLE_SECONDS = 600
/** How many are kept; the one asked for longest ago is closed first. */
const MAX_RESOURCES = 512

export interface Resources {
  /** The resource under `key`, opened by `open` when there is none. Keys begin with the uuid of their mount. */
  use<T>(key: string, open: () => Promise<T>, close: (value: T) => Promise<void>): Promise<T>
  /** Closes those whose key begins with `prefix`; "" closes all. Never rejects. */
  close(prefix: string): Promise<void>
  /** Closes those that were not asked for lately. Never rejects. */
  closeIdle(): Promise<void>
}

interface Held {
  readonly opened: Promise<unknown>
  readonly close: () => Promise<void>
  lastUsed: number
}

/** `now` is seconds since 1970. */
export function resources(now: () => number, log: Logger): Resources {
  // In the order of their last use: a Map keeps insertion order, and each use inserts anew.
  const held = new Map<string, Held>()

  const end = async (keys: readonly string[]): Promise<void> => {
    await Promise.all(
      keys.map(async key => {
        const one = held.get(key)
        held.delete(key)
        await one?.close().catch((error: unknown) => log.warn("could not close a connection", { error: String(error) }))
      }),
    )
  }

  const close = (prefix: string): Promise<void> => end([...held.keys()].filter(key => key.startsWith(prefix)))

  return {
    close,
    closeIdle: () => {
      const before = now() - IDLE_SECONDS
      return end([...held].filter(([, one]) => one.lastUsed < before).map(([key]) => key))
    },
    use: <T>(key: string, open: () => Promise<T>, closeOne: (value: T) => Promise<void>): Promise<T> => {
      const known = held.get(key)
      if (known !== undefined) {
        held.delete(key)
        held.set(key, { ...known, lastUsed: now() })
        // The key holds all that it was made from, its type too: whoever asks under it opened the same.
        return known.opened as Promise<T>
      }
      const opened = open()
      // What could not be opened need not be closed.
      const close = () => opened.then(closeOne, () => undefined)
      const one: Held = { opened, close, lastUsed: now() }
      held.set(key, one)
      opened.catch(() => {
        if (held.get(key)?.opened === opened) held.delete(key)
      })
      if (held.size > MAX_RESOURCES) void end([...held.keys()].slice(0, held.size - MAX_RESOURCES))
      return opened
    },
  }
}

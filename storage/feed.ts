/** The change feed: what was committed, then what comes, until the reader stops or the store closes. */

import type { Clock } from "./clock.ts"
import { type Change, ChangesGone, type Version } from "./view.ts"

/** The changes of one commit, in the order they were written. */
export interface CommitRecord {
  readonly version: Version
  readonly changes: readonly Change[]
}

export interface FeedSource {
  /** The oldest commits after `since`, possibly not all of them. Throws `ChangesGone` when some are forgotten. */
  read(since: Version): readonly CommitRecord[] | Promise<readonly CommitRecord[]>
  /** Raised at every commit of this process, and when the store closes. */
  readonly committed: Signal
  /** How often to look for commits of other processes, in seconds; undefined where there are none. */
  readonly poll: number | undefined
  readonly clock: Clock
  closed(): boolean
}

/** Wakes whoever waits, each time it is raised. */
export class Signal {
  #next = Promise.withResolvers<void>()

  /** Resolves at the next `raise`. */
  next(): Promise<void> {
    return this.#next.promise
  }

  raise(): void {
    this.#next.resolve()
    this.#next = Promise.withResolvers<void>()
  }
}

/** The changes after `since`. Stopping the iteration takes effect at once, also while it waits. */
export function feed(since: Version, source: FeedSource): AsyncIterable<Change> {
  return {
    [Symbol.asyncIterator]: () => {
      const stop = new AbortController()
      const stopped = new Promise<void>(resolve => stop.signal.addEventListener("abort", () => resolve()))
      const changes = follow(since, source, stop.signal, stopped)
      return {
        next: () => changes.next(),
        return: async () => {
          stop.abort()
          return changes.return(undefined)
        },
      }
    },
  }
}

async function* follow(
  since: Version,
  source: FeedSource,
  stop: AbortSignal,
  stopped: Promise<void>,
): AsyncGenerator<Change, undefined> {
  let seen = since
  while (!stop.aborted && !source.closed()) {
    // Asked for before reading, so that no commit falls between the two.
    const woken = source.committed.next()
    const commits = await source.read(seen)
    for (const commit of commits) {
      yield* commit.changes
      seen = commit.version
    }
    if (commits.length === 0) await pause(source, woken, stopped)
  }
  return undefined
}

async function pause({ poll, clock }: FeedSource, woken: Promise<void>, stopped: Promise<void>): Promise<void> {
  if (poll === undefined) return await Promise.race([woken, stopped])
  const awake = new AbortController()
  await Promise.race([woken, stopped, clock.sleep(poll, awake.signal)])
  awake.abort()
}

/** What a commit of `writes` says in the feed. */
export function recordOf(version: Version, writes: ReadonlyMap<string, Uint8Array | undefined>): CommitRecord {
  const changes: Change[] = []
  for (const [key, value] of writes) changes.push({ version, key, kind: value === undefined ? "delete" : "put" })
  return { version, changes }
}

/**
 * Refuses to go on after `since` when the commit that follows it is not remembered, or when `since` itself never was:
 * then the store was put back to an older state, and nobody can tell what the reader has missed.
 */
export function mustReach(since: Version, oldest: Version, newest: Version): void {
  if (since > newest) {
    throw new ChangesGone(
      `There is no version ${since}; the newest is ${newest}, so the store was put back to an older state`,
    )
  }
  if (since + 1 < oldest) {
    throw new ChangesGone(
      `The changes after version ${since} are forgotten: the store remembers them from ${oldest} on`,
    )
  }
}

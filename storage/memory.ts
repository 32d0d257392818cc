/** A store in memory: for tests and `-dev`. Nothing survives the process. */

import { type Clock, systemClock } from "./clock.ts"
import { type CommitRecord, type FeedSource, feed, mustReach, recordOf, Signal } from "./feed.ts"
import { Memo, type MemoLimits } from "./memo.ts"
import { namesFrom } from "./names.ts"
import { keysFrom, lookup, type Ordered, updated } from "./ordered.ts"
import { changedSince, type ReadyState, Transaction, taken } from "./transaction.ts"
import { Conflict, type Entry, momentOf, type Storage, StorageFailed, type Version } from "./view.ts"

export interface MemoryOptions {
  readonly clock?: Clock
  readonly memo?: MemoLimits
  /** How many commits the change feed remembers. */
  readonly remembered?: number
}

/** One committed state; it is never changed, so it is its own snapshot. */
class MemorySnapshot implements ReadyState {
  readonly entries: Ordered<Entry>
  readonly epoch: Version

  constructor(entries: Ordered<Entry>, version: Version) {
    this.entries = entries
    this.epoch = version
  }

  get(key: string, known?: Version) {
    const entry = lookup(this.entries, key)
    if (entry === undefined) return undefined
    return { version: entry.version, value: entry.version === known ? undefined : new Uint8Array(entry.value) }
  }

  names(...[listing, prefix, page]: Parameters<ReadyState["names"]>): string[] {
    return namesFrom(start => keysFrom(this.entries, start), listing, prefix, page)
  }

  close(): void {
    // Nothing is held but memory, which the collector takes back.
  }
}

export function memoryStorage(options: MemoryOptions = {}): Storage {
  const clock = options.clock ?? systemClock
  const remembered = options.remembered ?? 100_000
  const memo = new Memo(options.memo)
  const log: CommitRecord[] = []
  let latest = new MemorySnapshot([], 0)
  let open = true

  const source: FeedSource = {
    committed: new Signal(),
    poll: undefined,
    clock,
    closed: () => !open,
    read: since => {
      const oldest = log[0]?.version ?? latest.epoch + 1
      mustReach(since, oldest, latest.epoch)
      return log.slice(since + 1 - oldest)
    },
  }

  function commit(transaction: Transaction<MemorySnapshot>): Version {
    if (transaction.snapshot.epoch !== latest.epoch) {
      const changed = changedSince(transaction, latest)
      if (changed !== undefined) throw new Conflict(changed)
    }
    const version = latest.epoch + 1
    latest = new MemorySnapshot(updated(latest.entries, entriesOf(transaction.writes, version)), version)
    log.push(recordOf(version, transaction.writes))
    // Trimmed in batches, as it moves what remains.
    if (log.length > remembered * 1.25) log.splice(0, log.length - remembered)
    source.committed.raise()
    return version
  }

  const view: Storage["view"] = () => {
    if (!open) throw new StorageFailed("The store is closed")
    return new Transaction(latest, memo)
  }
  return {
    view,
    moment: () => momentOf(view),
    commit: async view => {
      const transaction = taken(view, memo, MemorySnapshot)
      if (!open) throw new StorageFailed("The store is closed")
      return transaction.writes.size === 0 ? transaction.snapshot.epoch : commit(transaction)
    },
    changes: since => feed(since, source),
    version: async () => latest.epoch,
    now: async () => clock.now(),
    [Symbol.asyncDispose]: async () => {
      open = false
      source.committed.raise()
    },
  }
}

function* entriesOf(
  writes: ReadonlyMap<string, Uint8Array | undefined>,
  version: Version,
): Generator<[string, Entry | undefined]> {
  for (const [key, value] of writes) yield [key, value && { value, version }]
}

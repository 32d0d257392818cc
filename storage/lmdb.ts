/**
 * The embedded store: one LMDB file, read through a memory map, shared by the processes of one machine. A process opens it
 * once: threads that each opened it would break its locks (see `mustNotBeOpen`).
 *
 * A commit is checked and written inside LMDB's single write transaction. All commits that wait while one is being synced
 * to the disk go into the next together (group commit). Nothing is visible before it is durable (`overlappingSync: false`).
 */

import { access } from "node:fs/promises"
import { type GetOptions, getLastVersion, open, type Transaction as ReadTransaction, type RootDatabase } from "lmdb"
import { type Clock, systemClock } from "./clock.ts"
import { CommitQueue, type Waiting } from "./commit-queue.ts"
import { type CommitRecord, type FeedSource, feed, mustReach, Signal } from "./feed.ts"
import {
  decodeRecord,
  encodeRecord,
  type FileKey,
  keyEncoder,
  PAST_ENTRIES,
  prepare,
  released,
  secure,
  seekable,
  textOf,
} from "./lmdb-file.ts"
import { guardBatches } from "./lmdb-rejections.ts"
import { Memo, type MemoLimits } from "./memo.ts"
import { namesFrom } from "./names.ts"
import { changedSince, type Listing, type ReadyState, Transaction, taken } from "./transaction.ts"
import { Conflict, type Found, momentOf, type Page, type Storage, StorageFailed, type Version } from "./view.ts"

export interface LmdbOptions {
  /** The directory; it is made when absent. */
  readonly path: string
  /** Address space to reserve, in bytes. Disk is used as data comes; a larger file is mapped again as it grows. */
  readonly mapSize?: number
  readonly clock?: Clock
  readonly memo?: MemoLimits
  /** How many commits the change feed remembers. */
  readonly remembered?: number
  /** How often a change feed looks for commits of other processes, in seconds. */
  readonly poll?: number
}

export interface LmdbStorage extends Storage {
  /** Writes a consistent copy to a new file while the store goes on. It becomes a store as `<path>/arca.mdb`. */
  backup(file: string): Promise<void>
}

/** The library's types forget that fast reads take options too. */
interface File extends RootDatabase<Uint8Array, FileKey> {
  getBinaryFast(id: FileKey, options?: GetOptions): Buffer | undefined
}

/** How many commit records may be read, and how many forgotten, in one go. */
const STRIDE = 256

/** Reads of one LMDB transaction; without one, those of the write transaction that is under way. */
class LmdbSnapshot implements ReadyState {
  readonly epoch: Version
  readonly #file: File
  readonly #options: GetOptions
  #users = 1

  constructor(file: File, transaction?: ReadTransaction) {
    this.#file = file
    this.#options = transaction === undefined ? {} : { transaction }
    this.epoch = newest(file, this.#options)
  }

  get(key: string, known?: Version): Found | undefined {
    const shared = this.#file.getBinaryFast(key, this.#options)
    if (shared === undefined) return undefined
    const version = getLastVersion()
    // The bytes lie in a buffer that the next read overwrites.
    return { version, value: version === known ? undefined : copyOf(shared) }
  }

  names(listing: Listing, prefix: string, page: Page): string[] {
    return namesFrom(start => this.#keysFrom(start), listing, prefix, page)
  }

  /** For one more, who closes it as well. */
  shared(): this {
    this.#users++
    return this
  }

  close(): void {
    this.#users--
    if (this.#users === 0) this.#options.transaction?.done()
  }

  #keysFrom(start: string): Iterable<string> {
    const range = { start: seekable(start), end: PAST_ENTRIES, ...this.#options }
    return this.#file.getKeys(range) as Iterable<FileKey> as Iterable<string>
  }
}

function newest(file: File, options: GetOptions = {}): Version {
  return file.getBinaryFast(0, options) === undefined ? 0 : getLastVersion()
}

/** `length` is what the library set it to, not that of the memory behind it. */
function copyOf(shared: Uint8Array): Uint8Array {
  const copy = new Uint8Array(shared.length)
  copy.set(new Uint8Array(shared.buffer, shared.byteOffset, shared.length))
  return copy
}

const EMPTY = new Uint8Array(0)

/** Writes groups of commits; after the first failure none. */
class Writer {
  readonly #file: File
  readonly #remembered: number
  readonly #committed: Signal
  #failed: StorageFailed | undefined

  constructor(file: File, remembered: number, committed: Signal) {
    this.#file = file
    this.#remembered = remembered
    this.#committed = committed
  }

  async commitGroup(waiting: Waiting<LmdbSnapshot>[]): Promise<void> {
    let group: Waiting<LmdbSnapshot>[] = []
    let outcomes: (Version | Conflict)[] = []
    try {
      if (this.#failed !== undefined) throw this.#failed
      // A child transaction, because only that is undone as a whole when a write in it fails.
      await this.#file.childTransaction(() => {
        // Taken only now: whoever came while we waited for the lock is included.
        group = waiting.splice(0)
        outcomes = write(this.#file, group, this.#remembered)
      })
    } catch (error) {
      this.#failed ??= await failure(error)
      for (const { done } of [...group, ...waiting.splice(0)]) done.reject(this.#failed)
      return
    }
    for (const [at, { done }] of group.entries()) {
      const outcome = outcomes[at]
      if (typeof outcome === "number") done.resolve(outcome)
      else done.reject(outcome)
    }
    this.#committed.raise()
  }
}

/** Fail stop: after a failed write or sync nobody knows what the disk holds, so nothing more is acknowledged. */
async function failure(error: unknown): Promise<StorageFailed> {
  const cause = await reasonOf(error)
  const text = `The store could not write to the disk and accepts no more commits; see to its free space and health, then restart: ${textOf(cause)}`
  return new StorageFailed(text, { cause })
}

/** lmdb hides the reason of a failed commit in a promise that rejects with it. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error
  return Promise.resolve(error.commitError).then(
    () => error,
    (reason: unknown) => reason,
  )
}

/** Checks and writes a group inside the write transaction. What it returns counts once that is durable. */
function write(file: File, group: readonly Waiting<LmdbSnapshot>[], remembered: number): (Version | Conflict)[] {
  const latest = new LmdbSnapshot(file)
  const state = new GroupState(latest)
  let version = latest.epoch
  const outcomes = group.map(({ transaction }) => {
    const changed = transaction.snapshot.epoch === version ? undefined : changedSince(transaction, state)
    if (changed !== undefined) return new Conflict(changed)
    version += 1
    writeEntries(file, transaction.writes, version)
    state.wrote(transaction.writes, version)
    return version
  })
  if (version > latest.epoch) {
    void file.put(0, EMPTY, version)
    forget(file, latest.epoch - remembered, version - remembered)
    // The library ignores what LMDB answers to a write in here. A failed one spoils the transaction, and reading tells.
    if (newest(file) !== version) throw new Error("LMDB has not taken a write")
  }
  return outcomes
}

/** The state of the write transaction under way. Most of a group has read the same entries: their versions are looked up once. */
class GroupState implements ReadyState {
  readonly #latest: LmdbSnapshot
  readonly #versions = new Map<string, Version>()

  constructor(latest: LmdbSnapshot) {
    this.#latest = latest
  }

  get(key: string, known: Version): Found | undefined {
    let version = this.#versions.get(key)
    if (version === undefined) {
      version = this.#latest.get(key, known)?.version ?? 0
      this.#versions.set(key, version)
    }
    return version === 0 ? undefined : { version, value: undefined }
  }

  names(listing: Listing, prefix: string, page: Page): string[] {
    return this.#latest.names(listing, prefix, page)
  }

  wrote(writes: ReadonlyMap<string, Uint8Array | undefined>, version: Version): void {
    for (const [key, value] of writes) this.#versions.set(key, value === undefined ? 0 : version)
  }
}

/** Inside a write transaction the library writes at once; what it returns needs no waiting for. */
function writeEntries(file: File, writes: ReadonlyMap<string, Uint8Array | undefined>, version: Version): void {
  for (const [key, value] of writes) {
    if (value === undefined) void file.remove(key)
    else void file.put(key, value, version)
  }
  void file.put(version, encodeRecord(writes), version)
}

/** Drops old commit records, a stride at a time, so that most commits need not touch their page. */
function forget(file: File, before: Version, until: Version): void {
  if (until <= 0 || Math.floor(before / STRIDE) === Math.floor(until / STRIDE)) return
  for (const version of [...file.getKeys({ start: 1, end: until + 1 })]) void file.remove(version)
}

/** Opens the store in `path`. Nothing is loaded. Throws `StorageFailed` when the directory cannot hold one. */
export async function lmdbStorage(options: LmdbOptions): Promise<LmdbStorage> {
  const clock = options.clock ?? systemClock
  const memo = new Memo(options.memo)
  const path = await prepare(options.path)
  guardBatches()
  const file = openFile(path, options.mapSize ?? 2 ** 38)
  const committed = new Signal()
  const writer = new Writer(file, options.remembered ?? 32_768, committed)
  const queue = new CommitQueue<LmdbSnapshot>(waiting => writer.commitGroup(waiting))
  let open = true
  const source: FeedSource = {
    committed,
    poll: options.poll ?? 0.1,
    clock,
    closed: () => !open,
    read: since => recordsAfter(file, since),
  }
  const snapshot = (): LmdbSnapshot => {
    if (!open) throw new StorageFailed("The store is closed")
    return snapshotOf(file)
  }
  return {
    view: () => new Transaction(snapshot(), memo),
    moment: () => {
      let first: LmdbSnapshot | undefined
      return momentOf(
        () => {
          first ??= snapshot()
          return new Transaction(first.shared(), memo)
        },
        () => {
          first?.close()
          first = undefined
        },
      )
    },
    commit: async view => {
      const transaction = taken(view, memo, LmdbSnapshot)
      return transaction.writes.size === 0 ? transaction.snapshot.epoch : queue.add(transaction)
    },
    changes: since => feed(since, source),
    version: async () => {
      file.resetReadTxn()
      return newest(file)
    },
    now: async () => clock.now(),
    backup: target => backup(file, target),
    [Symbol.asyncDispose]: async () => {
      if (!open) return
      open = false
      committed.raise()
      await queue.close()
      await file.close()
      released(path)
    },
  }
}

function openFile(path: string, mapSize: number): File {
  try {
    return open<Uint8Array, FileKey>({
      path,
      noSubdir: true,
      mapSize,
      maxReaders: 4096,
      maxDbs: 1,
      encoding: "binary",
      keyEncoder,
      useVersions: true,
      compression: false,
      cache: false,
      // Visible means durable: a reader never hands out what a power cut could undo.
      overlappingSync: false,
    }) as File
  } catch (cause) {
    released(path)
    throw new StorageFailed(`Cannot open the store "${path}": ${textOf(cause)}`, { cause })
  }
}

/**
 * The state as of now. The library reuses a read transaction for a while, so another process's commit could be missed
 * although it was acknowledged already; resetting asks for the newest (and shares the old one when nothing has changed).
 */
function snapshotOf(file: File): LmdbSnapshot {
  try {
    file.resetReadTxn()
    return new LmdbSnapshot(file, file.useReadTransaction())
  } catch (cause) {
    // After a failed write of its meta page LMDB refuses to read as well (MDB_PANIC).
    throw new StorageFailed(
      `The store cannot be read; see to the disk's free space and health, then restart: ${textOf(cause)}`,
      { cause },
    )
  }
}

/** The oldest commits after `since`, read at one state. */
function recordsAfter(file: File, since: Version): CommitRecord[] {
  const snapshot = snapshotOf(file)
  try {
    if (since === snapshot.epoch) return []
    const records: CommitRecord[] = []
    for (const { key, value } of file.getRange({ start: since + 1, limit: STRIDE })) {
      if (typeof key === "number") records.push(decodeRecord(key, value))
    }
    mustReach(since, records[0]?.version ?? snapshot.epoch + 1, snapshot.epoch)
    return records
  } finally {
    snapshot.close()
  }
}

async function backup(file: File, target: string): Promise<void> {
  const taken = await access(target).then(
    () => true,
    () => false,
  )
  if (taken) throw new Error(`There is already a file "${target}"`)
  // Not compacted: compacted copies put in place of a live file were reported corrupt (lmdb-js issue 198).
  await file.backup(target, false)
  await secure(target)
}

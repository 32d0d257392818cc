/**
 * What every store offers: snapshots to read from, and one atomic commit.
 *
 * Keys are `/`-separated paths without a leading slash, ordered by their UTF-8 bytes. A request opens one View, reads and
 * writes through it, and hands it to `commit`: either everything the view wrote becomes durable, or nothing does.
 */

import type { Maybe, Page, Store } from "@arca/api"

export type { Maybe, Page }

/** What was found, or `fallback`: at once, where the finding was. */
export const orElse = <T>(found: Maybe<T | undefined>, fallback: T): Maybe<T> =>
  found instanceof Promise ? found.then(value => value ?? fallback) : (found ?? fallback)

/** A store's logical clock: it grows with each commit that wrote something. Nothing was written at version 0. */
export type Version = number

/** One stored value with the commit that wrote it. `version` changes whenever the value does, so it validates caches. */
export interface Entry {
  readonly value: Uint8Array
  readonly version: Version
}

/** What a view found under a key: `value` is absent when it is the one the asker already knows by its version. */
export interface Found {
  /** The commit that wrote it; 0 for a write of this view itself, which no cache may remember. */
  readonly version: Version
  readonly value: Uint8Array | undefined
}

/** A transaction: what an engine sees of it, and the end of its snapshot. Disposing of a scope ends the whole view. */
export interface View extends Store, Disposable {
  /** As `get`, with what validates a cache; an entry that is still at version `known` comes without its value. */
  entry(key: string, known?: Version): Maybe<Found | undefined>
  /**
   * What `compute` makes of this state of the store for `name`, remembered until the state changes: for what every request
   * asks. What it read counts as read by this view. `compute` must be a constant function of the view and the name
   * (the memo is keyed by it), and must only read; it is not remembered when it throws.
   */
  derived<T>(compute: Derive<T>, name: string): Maybe<T>
  scope(prefix: string): View
}

export type Derive<T> = (view: View, name: string) => Promise<T>

/** What drivers and layers need of each other's views to remember what was derived. */
export interface Forking {
  /** The newest commit that the view shows, where that is known without asking and the view has no writes of its own. */
  readonly epoch: Version | undefined
  /** A view of the same state, whose reads count for it alone until they are joined. */
  fork(): View & Forking
  /** Counts what `fork` read as read by this view. */
  join(fork: View & Forking): void
}

export interface Change {
  readonly version: Version
  readonly key: string
  readonly kind: "put" | "delete"
}

/** Where views are opened that were asked for together: whoever asks was heard before the first of them. */
export interface Moment extends Disposable {
  readonly view: Storage["view"]
}

/** A moment that opens its views so. Those of a store that gives no `end` share nothing. */
export const momentOf = (view: Storage["view"], end: () => void = () => {}): Moment => ({ view, [Symbol.dispose]: end })

export interface Storage extends AsyncDisposable {
  /**
   * Opens a snapshot. Dispose of it (or commit it) soon: an open snapshot keeps old pages alive. `hints` name what the view
   * is for, the most exact first: over a network, what views with the same hint have read comes with the first read. Only
   * stores that foresee ask for them.
   */
  view(hints?: () => readonly string[]): View
  /** Views that show one state where the store can share it, none older than the first of them. Each is disposed of by itself. */
  moment(): Moment
  /**
   * Makes the writes of `view` durable, all or none, provided nothing it read has changed; throws `Conflict` otherwise.
   * Resolves only when a power cut could no longer undo it. A view without writes costs nothing, and answers
   * with a version that this process knows; it is not the one that was read.
   * A failure to reach the disk is a `StorageFailed`: the store then refuses every later commit (fail stop).
   */
  commit(view: View): Promise<Version>
  /** What was committed after `since`, in order, then what comes, until the caller stops iterating. Throws `ChangesGone` when `since` is older than the store remembers. */
  changes(since: Version): AsyncIterable<Change>
  /** The version of the newest commit. */
  version(): Promise<Version>
  /** Seconds since 1970 by the store's clock, which all nodes share. */
  now(): Promise<number>
}

/** Something the view read was changed by another commit. Running the request again will see the new state. */
export class Conflict extends Error {
  override readonly name = "Conflict"
}

/** The store could not make a commit durable, and now refuses all others. */
export class StorageFailed extends Error {
  override readonly name = "StorageFailed"
}

/**
 * The store could not be reached, although it was tried again for a while. Reads may be repeated. A commit may have taken
 * effect or not; the text says so when it is unknown. Later commits are accepted once the store is back.
 */
export class StorageUnavailable extends Error {
  override readonly name = "StorageUnavailable"
}

/** A key that no store accepts, whatever it holds: the caller's mistake. */
export class InvalidKey extends Error {
  override readonly name = "InvalidKey"
}

/** A value, or a commit, that this store cannot hold; another might. */
export class ValueTooLarge extends Error {
  override readonly name = "ValueTooLarge"
}

/** The change feed no longer reaches back to the version asked for: read the state anew. */
export class ChangesGone extends Error {
  override readonly name = "ChangesGone"
}

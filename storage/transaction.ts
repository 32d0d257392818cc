/**
 * The part of a view that all drivers share: writes kept aside, reads that see them, and the record of what was read.
 * A driver brings a Snapshot to read from, and at commit asks the Transaction for its reads and writes.
 */

import { checkBounds, checkFolder, checkKey, childOf, compareKeys } from "./key.ts"
import type { Decode, Memo } from "./memo.ts"
import type { Derive, Forking, Found, Maybe, Page, Version, View } from "./view.ts"

/** `list`: the children of a folder, folders folded to one name. `keys`: all leaves below it. */
export type Listing = "list" | "keys"

/** One state of a store. Drivers that need not wait answer at once. Keys and folders are checked already. */
export interface Snapshot {
  /** The newest commit that it shows, where the driver knows it without asking the store. */
  readonly epoch?: Version
  /** The entry under `key`; without its value when it is still at version `known`. */
  get(key: string, known?: Version): Maybe<Found | undefined>
  /** Names relative to `prefix`, in byte order: after `page.after`, before `page.before`, at most `page.limit`. */
  names(listing: Listing, prefix: string, page: Page): Maybe<readonly string[]>
  /** `written` are keys that the view is about to change, if it is committed. */
  close(written: Iterable<string>): void
}

/** A listing that a view has read, and what it showed. */
export interface ListRead {
  readonly listing: Listing
  readonly prefix: string
  readonly page: Page
  readonly names: readonly string[]
}

/** What a view has read and written, by absolute keys. */
interface Journal<S extends Snapshot> {
  readonly snapshot: S
  /** The version seen under each key read; 0 where there was nothing. */
  readonly reads: Map<string, Version>
  readonly lists: ListRead[]
  /** What to put, or undefined to delete. */
  readonly writes: Map<string, Uint8Array | undefined>
  /** Views whose reads count as this one's, not yet among `reads`: most commits need not know them. */
  readonly joined: Transaction<S>[]
  /** What other views of the same state have found: the version under each key, 0 for nothing. */
  readonly seen: Map<string, Version> | undefined
  open: boolean
}

/** A view on a driver's snapshot. Scopes of a view share one journal. */
export class Transaction<S extends Snapshot> implements View, Forking {
  readonly #journal: Journal<S>
  /** The memo of the storage that opened this view: it tells whose view it is. */
  readonly #memo: Memo
  readonly #prefix: string

  constructor(snapshot: S, memo: Memo, of?: { readonly journal: Journal<S>; readonly prefix: string }) {
    this.#memo = memo
    this.#prefix = of === undefined ? "" : of.prefix
    this.#journal = of === undefined ? opened(snapshot, memo) : of.journal
  }

  get snapshot(): S {
    return this.#journal.snapshot
  }
  get reads(): ReadonlyMap<string, Version> {
    const { reads, joined } = this.#journal
    for (const fork of joined.splice(0)) for (const [path, version] of fork.reads) reads.set(path, version)
    return reads
  }
  get lists(): readonly ListRead[] {
    return this.#journal.lists
  }
  get writes(): ReadonlyMap<string, Uint8Array | undefined> {
    return this.#journal.writes
  }

  /** Ends the view for a commit by the storage that owns `memo`; false when another storage opened it. */
  endFor(memo: Memo): boolean {
    if (memo !== this.#memo) return false
    this.#mustBeOpen()
    this[Symbol.dispose]()
    return true
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const found = this.#find(this.#path(key))
    return (found instanceof Promise ? await found : found)?.value
  }

  entry(key: string, known?: Version): Maybe<Found | undefined> {
    return this.#find(this.#path(key), known)
  }

  cached<T>(key: string, decode: Decode<T>): Maybe<T | undefined> {
    const path = this.#path(key)
    return this.#memo.through(path, decode, known => this.#find(path, known))
  }

  derived<T>(compute: Derive<T>, name: string): Maybe<T> {
    this.#mustBeOpen()
    return this.#memo.derived(this, compute, name, this.#prefix + name)
  }

  get epoch(): Version | undefined {
    const { writes, snapshot } = this.#journal
    return writes.size === 0 ? snapshot.epoch : undefined
  }

  fork(): Transaction<S> {
    const { snapshot, seen } = this.#journal
    const journal = { snapshot, seen, reads: new Map(), lists: [], writes: new Map(), joined: [], open: true }
    return new Transaction<S>(snapshot, this.#memo, { journal, prefix: this.#prefix })
  }

  join(fork: View & Forking): void {
    if (!(fork instanceof Transaction)) throw new TypeError("This view was opened by another storage")
    const { lists, joined } = this.#journal
    joined.push(fork)
    if (fork.lists.length > 0) lists.push(...fork.lists)
  }

  async list(prefix: string, page: Page = {}): Promise<string[]> {
    return this.#names("list", this.#folder(prefix), page)
  }

  async keys(prefix: string, page: Page = {}): Promise<string[]> {
    return this.#names("keys", this.#folder(prefix), page)
  }

  put(key: string, value: Uint8Array): void {
    // A copy: what the caller does to its buffer afterwards is not part of the transaction.
    this.#journal.writes.set(this.#path(key), new Uint8Array(value))
  }

  delete(key: string): void {
    this.#journal.writes.set(this.#path(key), undefined)
  }

  scope(prefix: string): View {
    return new Transaction<S>(this.#journal.snapshot, this.#memo, {
      journal: this.#journal,
      prefix: this.#folder(prefix),
    })
  }

  /** Ends the snapshot; reads and writes are refused from here on. */
  [Symbol.dispose](): void {
    if (!this.#journal.open) return
    this.#journal.open = false
    this.#journal.snapshot.close(this.#journal.writes.keys())
  }

  #path(key: string): string {
    const path = this.#prefix + key
    this.#mustBeOpen()
    // What another view has looked up is a key.
    if (this.#journal.seen?.has(path) !== true) checkKey(path)
    return path
  }

  #folder(prefix: string): string {
    const folder = this.#prefix + prefix
    this.#mustBeOpen()
    checkFolder(folder)
    return folder
  }

  #mustBeOpen(): void {
    if (!this.#journal.open) throw new Error("This view has ended: it was committed or disposed of")
  }

  #find(path: string, known?: Version): Maybe<Found | undefined> {
    const { snapshot, writes } = this.#journal
    if (writes.size > 0 && writes.has(path)) {
      const value = writes.get(path)
      return value && { version: 0, value: new Uint8Array(value) }
    }
    const version = this.#journal.seen?.get(path)
    if (version === 0) return this.#saw(path, undefined)
    if (version !== undefined && version === known) return this.#saw(path, { version, value: undefined })
    const found = snapshot.get(path, known)
    return found instanceof Promise ? found.then(entry => this.#saw(path, entry)) : this.#saw(path, found)
  }

  #saw(path: string, found: Found | undefined): Found | undefined {
    const version = found?.version ?? 0
    this.#journal.reads.set(path, version)
    this.#journal.seen?.set(path, version)
    return found
  }

  async #names(listing: Listing, folder: string, page: Page): Promise<string[]> {
    checkBounds(page)
    if (page.limit !== undefined && page.limit <= 0) return []
    const own = await this.#ownNames(listing, folder)
    const limit = page.limit === undefined ? undefined : page.limit + own.absent.size
    const stored = await this.#storedNames(listing, folder, limit === undefined ? page : { ...page, limit })
    if (own.present.size === 0 && own.absent.size === 0) return [...stored]
    const names = new Set(stored.filter(name => !own.absent.has(name)))
    for (const name of own.present) if (within(name, page)) names.add(name)
    return [...names].sort(compareKeys).slice(0, page.limit)
  }

  async #storedNames(listing: Listing, prefix: string, page: Page): Promise<readonly string[]> {
    const { snapshot, lists } = this.#journal
    const names = await snapshot.names(listing, prefix, page)
    lists.push({ listing, prefix, page, names })
    return names
  }

  /** Which names of a listing this view's own writes add, and which they take away. */
  async #ownNames(listing: Listing, folder: string): Promise<{ present: Set<string>; absent: Set<string> }> {
    const present = new Set<string>()
    const absent = new Set<string>()
    for (const [path, value] of this.#journal.writes) {
      if (!path.startsWith(folder)) continue
      const relative = path.slice(folder.length)
      const name = listing === "list" ? childOf(relative) : relative
      ;(value === undefined ? absent : present).add(name)
    }
    for (const name of absent) {
      if (present.has(name) || !(await this.#vanishes(listing, folder, name))) absent.delete(name)
    }
    return { present, absent }
  }

  /** Whether own deletions alone have removed `name`: a folder lives as long as one of its keys does. */
  async #vanishes(listing: Listing, folder: string, name: string): Promise<boolean> {
    if (listing === "keys" || !name.endsWith("/")) return true
    const inside = folder + name
    let deleted = 0
    for (const path of this.#journal.writes.keys()) if (path.startsWith(inside)) deleted++
    const stored = await this.#storedNames("keys", inside, { limit: deleted + 1 })
    return stored.every(key => this.#journal.writes.has(inside + key))
  }
}

const opened = <S extends Snapshot>(snapshot: S, memo: Memo): Journal<S> => ({
  snapshot,
  seen: snapshot.epoch === undefined ? undefined : memo.seenAt(snapshot.epoch),
  reads: new Map(),
  lists: [],
  writes: new Map(),
  joined: [],
  open: true,
})

const within = (name: string, page: Page): boolean =>
  (page.after === undefined || compareKeys(name, page.after) > 0) &&
  (page.before === undefined || compareKeys(name, page.before) < 0)

/** The transaction behind `view`, which ends here; its reads and writes remain. `memo` and `kind` prove that it is ours. */
export function taken<S extends Snapshot>(view: View, memo: Memo, kind: new (...args: never[]) => S): Transaction<S> {
  if (view instanceof Transaction && view.snapshot instanceof kind && view.endFor(memo)) return view
  throw new TypeError("This view was opened by another storage")
}

/** A state that answers at once: what conflicts are checked against while commits are serialised. */
export interface ReadyState {
  /** The version under `key` now; the value is not asked for. */
  get(key: string, known: Version): Found | undefined
  names(listing: Listing, prefix: string, page: Page): readonly string[]
}

/** What `transaction` read that is different in `latest`, as a sentence; undefined when all of it still holds. */
export function changedSince(transaction: Transaction<Snapshot>, latest: ReadyState): string | undefined {
  for (const [key, version] of transaction.reads) {
    if ((latest.get(key, version)?.version ?? 0) !== version)
      return `The value under "${key}" was changed by another commit`
  }
  for (const read of transaction.lists) {
    const names = latest.names(read.listing, read.prefix, read.page)
    if (!sameNames(read.names, names)) return `The names under "${read.prefix}" were changed by another commit`
  }
  return undefined
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, at) => name === b[at])

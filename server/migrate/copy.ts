/**
 * Copies a store into another, of whatever type. Values are copied as they lie there, sealed: no key is needed, and the same
 * shares or seal open the copy.
 *
 * A pass walks both stores in the order of keys and copies what differs; passes go on until one finds nothing to copy. So an
 * interrupted copy goes on where it was, and the last pass is the comparison. The keyring comes last, with the end of the
 * mark that a copy is under way: a store that holds half of another can be neither initialised nor opened.
 */

import { Conflict, entriesOf, KEYRING, type Storage, type StoredEntry, type View } from "@arca/storage"

/** In the destination, while it is incomplete. */
export const MIGRATION = "core/migration"

/** What must not be done; the text says what to do instead. */
export class MigrationRefused extends Error {
  override readonly name = "MigrationRefused"
}

export interface CopyOptions {
  /** Forget that another copy into this destination was begun: it may have come from another store. */
  readonly reset: boolean
  /** Called now and then; entries looked at in this pass, and about how many there are. */
  readonly progress: (pass: number, seen: number, total: number) => void
  /** Ends the copy between two commits. */
  readonly interrupted: AbortSignal
}

export interface Copied {
  /** Entries of the last pass: all were compared, and equal. */
  readonly entries: number
  readonly bytes: number
  /** Entries that were written or deleted by this run. */
  readonly changed: number
  readonly passes: number
}

/** Bounds of one commit: within what etcd takes in one transaction. */
const WRITES = 100
const BYTES = 1024 * 1024
const PAGE = 1000

/** Resolves when destination equals source. Throws `MigrationRefused`. */
export async function copyStore(source: Storage, target: Storage, options: CopyOptions): Promise<Copied> {
  await begin(source, target, options.reset)
  const total = await countOf(source)
  let changed = 0
  for (let pass = 1; ; pass++) {
    const version = await source.version()
    const progress = (seen: number) => options.progress(pass, seen, total)
    const done = await copyDifferences(source, target, progress, options.interrupted).catch(againAfterConflict)
    changed += done?.changed ?? 0
    if (done === undefined || done.changed > 0 || (await source.version()) !== version) continue
    await finish(source, target)
    return { entries: done.entries, bytes: done.bytes, changed, passes: pass }
  }
}

/** A store whose old states are forgotten while they are read (etcd) is read anew. */
function againAfterConflict(error: unknown): undefined {
  if (!(error instanceof Conflict)) throw error
}

async function begin(source: Storage, target: Storage, reset: boolean): Promise<void> {
  const keyring = await storedIn(source, KEYRING)
  if (keyring === undefined) throw new MigrationRefused("the source is not initialised: there is nothing to copy")
  using view = target.view()
  const mark = await view.get(MIGRATION)
  // A keyring is wrapped anew with each rekey, so it tells at least whether nothing was done in between.
  if (mark !== undefined && !reset && !Buffer.from(mark).equals(await digest(keyring))) {
    throw new MigrationRefused(
      "another copy into this destination was begun, from another store or before a rekey; with -reset this one takes its place",
    )
  }
  if (mark === undefined && (await view.keys("", { limit: 1 })).length > 0) {
    throw new MigrationRefused("the destination holds data already; empty it, or name another")
  }
  view.put(MIGRATION, await digest(keyring))
  await target.commit(view)
}

const digest = async (value: Uint8Array): Promise<Buffer> =>
  Buffer.from(await crypto.subtle.digest("SHA-256", Uint8Array.from(value)))

async function storedIn(store: Storage, key: string): Promise<Uint8Array | undefined> {
  using view = store.view()
  return await view.get(key)
}

async function countOf(store: Storage): Promise<number> {
  using view = store.view()
  let count = 0
  for (let after = ""; ; ) {
    const keys = await view.keys("", { after, limit: PAGE })
    count += keys.length
    if (keys.length < PAGE) return count
    after = keys.at(-1) ?? ""
  }
}

async function copyDifferences(
  source: Storage,
  target: Storage,
  progress: (seen: number) => void,
  interrupted: AbortSignal,
): Promise<{ entries: number; bytes: number; changed: number }> {
  using from = source.view()
  using to = target.view()
  const batch = new Batch(target)
  let entries = 0
  let bytes = 0
  for await (const { key, wanted, present } of sideBySide(from, to)) {
    if (wanted !== undefined) {
      entries++
      bytes += wanted.length
      if (entries % 256 === 0) progress(entries)
    }
    if (key === KEYRING || key === MIGRATION) continue
    if (wanted !== undefined && present !== undefined && Buffer.compare(wanted, present) === 0) continue
    await batch.add(key, wanted)
    if (interrupted.aborted) {
      await batch.flush()
      throw new MigrationRefused("interrupted; run the same command again, and it goes on from here")
    }
  }
  await batch.flush()
  progress(entries)
  return { entries, bytes, changed: batch.written }
}

/** Every key of either store, in order, with its value in each. */
async function* sideBySide(from: View, to: View) {
  const sides = [entriesOf(from), entriesOf(to)] as const
  let [wanted, present] = await Promise.all(sides.map(next))
  while (wanted !== undefined || present !== undefined) {
    const order = wanted === undefined ? 1 : present === undefined ? -1 : compare(wanted.key, present.key)
    const key = (order <= 0 ? wanted : present)?.key ?? ""
    yield { key, wanted: order <= 0 ? wanted?.value : undefined, present: order >= 0 ? present?.value : undefined }
    const moved = [order <= 0 ? next(sides[0]) : wanted, order >= 0 ? next(sides[1]) : present]
    ;[wanted, present] = await Promise.all(moved)
  }
}

const next = async (entries: AsyncGenerator<StoredEntry>): Promise<StoredEntry | undefined> => {
  const { value, done } = await entries.next()
  return done === true ? undefined : value
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Writes that are committed together. */
class Batch {
  readonly #target: Storage
  readonly #writes = new Map<string, Uint8Array | undefined>()
  #bytes = 0
  written = 0

  constructor(target: Storage) {
    this.#target = target
  }

  async add(key: string, value: Uint8Array | undefined): Promise<void> {
    const size = key.length * 3 + (value?.length ?? 0)
    if (this.#writes.size === WRITES || this.#bytes + size > BYTES) await this.flush()
    this.#writes.set(key, value)
    this.#bytes += size
  }

  async flush(): Promise<void> {
    if (this.#writes.size === 0) return
    const view = this.#target.view()
    for (const [key, value] of this.#writes) {
      if (value === undefined) view.delete(key)
      else view.put(key, value)
    }
    await this.#target.commit(view)
    this.written += this.#writes.size
    this.#writes.clear()
    this.#bytes = 0
  }
}

async function finish(source: Storage, target: Storage): Promise<void> {
  const keyring = await storedIn(source, KEYRING)
  const view = target.view()
  if (keyring === undefined || (await view.get(MIGRATION)) === undefined) {
    view[Symbol.dispose]()
    throw new MigrationRefused("the source or the destination was changed by something else meanwhile")
  }
  view.put(KEYRING, keyring)
  view.delete(MIGRATION)
  await target.commit(view)
}

/** Why a server must not use this store; undefined when it may. */
export async function halfCopied(store: Storage): Promise<string | undefined> {
  if ((await storedIn(store, MIGRATION)) === undefined) return undefined
  return "a copy into this store (operator migrate) has not ended; run it again to its end"
}

/** Reads of one revision of etcd. */

import { type EtcdClient, EtcdRefused, RPC } from "./etcd-client.ts"
import type { KeyValue } from "./etcd-messages.ts"
import {
  type Compare,
  existsSince,
  found,
  get,
  noneMadeAfter,
  type RangeOptions,
  type Space,
  successor,
} from "./etcd-space.ts"
import { type Foresight, ReadAhead, type Wanted } from "./foresight.ts"
import { childOf, compareKeys, pastFolder } from "./key.ts"
import type { Listing, Snapshot } from "./transaction.ts"
import { Conflict, type Found, type Page, type Version } from "./view.ts"

/** How many keys the first request of a listing asks for, and how many those after it. */
const FIRST_KEYS = 100
const MORE_KEYS = 1000

export interface Source {
  readonly client: EtcdClient
  readonly space: Space
  /** How many operations one transaction may have. */
  readonly operations: number
  readonly foresight: Foresight
}

/** A listing at one revision, with what proves later that it would be the same. */
export interface Listed {
  readonly listing: Listing
  readonly prefix: string
  readonly page: Page
  readonly names: readonly string[]
  /** They hold as long as no name has come or gone. They may fail although none has: then list again. */
  readonly proof: readonly Compare[]
}

/** What the lock's value says. `applying`: the commit is decided, and its writes are on their way. */
export interface Lock {
  readonly commit: string
  readonly applying: boolean
  readonly revision: bigint
}

export function lockOf(stored: KeyValue | undefined): Lock | undefined {
  if (stored === undefined) return undefined
  const [state = "", commit = ""] = Buffer.from(stored.value).toString().split(" ")
  return { commit, applying: state === "applying", revision: stored.modRevision }
}

export class EtcdSnapshot implements Snapshot {
  readonly listed: Listed[] = []
  readonly #source: Source
  readonly #ahead: ReadAhead
  #revision: Promise<bigint> | undefined

  constructor(source: Source, hints: readonly string[]) {
    this.#source = source
    this.#ahead = new ReadAhead(source.foresight, hints, wanted => this.#fetch(wanted))
  }

  get(key: string, known?: Version): Promise<Found | undefined> {
    return this.#ahead.get(key, known)
  }

  async names(listing: Listing, prefix: string, page: Page): Promise<readonly string[]> {
    this.#revision ??= newestState(this.#source, []).then(({ revision }) => revision)
    const listed = await listAt(this.#source, await this.#revision, listing, prefix, page)
    this.listed.push(listed)
    return listed.names
  }

  close(written: Iterable<string>): void {
    this.#ahead.end(written)
  }

  async #fetch(wanted: Wanted): Promise<Map<string, Found>> {
    if (this.#revision !== undefined) return entriesAt(this.#source, await this.#revision, wanted)
    const first = newestState(this.#source, [...wanted])
    this.#revision = first.then(({ revision }) => revision)
    this.#revision.catch(() => undefined)
    const { revision, found, missing } = await first
    if (missing.size === 0) return found
    return new Map([...found, ...(await entriesAt(this.#source, revision, missing))])
  }
}

export type Asked = readonly (readonly [string, Version])[]

interface State extends Entries {
  readonly revision: bigint
}

/**
 * The newest state that everyone may see, and the entries asked for. While a large commit is being applied, that is the
 * state before it: then all entries are missing, to be read at that revision.
 */
export async function newestState(source: Source, wanted: Asked): Promise<State> {
  const { client, space, operations } = source
  const some = wanted.slice(0, operations - 1)
  const answer = await client.call(RPC.txn, {
    success: [get(space.lock), ...some.map(([key, known]) => getEntry(space, key, known, {}))],
  })
  const [locked, ...stored] = found(answer)
  const lock = lockOf(locked)
  if (lock?.applying === true) return { revision: lock.revision, found: new Map(), missing: new Map(wanted) }
  return {
    revision: answer.header?.revision ?? 0n,
    found: foundAmong(space, some, stored),
    missing: new Map(wanted.slice(operations - 1)),
  }
}

const getEntry = (space: Space, key: string, known: Version, options: RangeOptions) =>
  get(space.entry(key), { ...options, keysOnly: known !== 0 })

interface Entries {
  readonly found: Map<string, Found>
  /** Those that were not asked for. */
  readonly missing: Wanted
}

/** What was stored under the keys asked for: the version alone where a version was known, be it this one or another. */
function foundAmong(space: Space, wanted: Asked, stored: readonly (KeyValue | undefined)[]): Map<string, Found> {
  const entries = new Map<string, Found>()
  for (const [at, [, known]] of wanted.entries()) {
    const one = stored[at]
    if (one === undefined) continue
    entries.set(space.nameOf(one.key), { version: Number(one.modRevision), value: known === 0 ? one.value : undefined })
  }
  return entries
}

async function entriesAt(source: Source, revision: bigint, wanted: Wanted): Promise<Map<string, Found>> {
  const { client, space, operations } = source
  const all = new Map<string, Found>()
  const queue = [...wanted]
  while (queue.length > 0) {
    const some = queue.splice(0, operations)
    const answer = await readAt(serializable =>
      client.call(RPC.txn, {
        success: some.map(([key, known]) => getEntry(space, key, known, { revision, serializable })),
      }),
    )
    for (const [key, entry] of foundAmong(space, some, found(answer))) all.set(key, entry)
  }
  return all
}

/** Reads what cannot change any more: any member will do that has seen it. */
async function readAt<T>(read: (serializable: boolean) => Promise<T>): Promise<T> {
  try {
    return await read(true).catch((error: unknown) => {
      if (error instanceof EtcdRefused && error.future) return read(false)
      throw error
    })
  } catch (error) {
    if (error instanceof EtcdRefused && error.compacted) {
      throw new Conflict("The state that was read is so old that etcd has compacted it; read again")
    }
    throw error
  }
}

/** The keys at one revision, in order, fetched as they are looked for. */
class Cursor {
  readonly #source: Source
  readonly #revision: bigint
  readonly #past: Buffer
  #keys: readonly KeyValue[] = []
  #at = 0
  #more = true
  #limit = FIRST_KEYS

  constructor(source: Source, revision: bigint, past: Buffer) {
    this.#source = source
    this.#revision = revision
    this.#past = past
  }

  /** The first key that is not before `start`; a later call must not ask for an earlier one. */
  async seek(start: Buffer): Promise<KeyValue | undefined> {
    for (;;) {
      for (; this.#at < this.#keys.length; this.#at++) {
        const one = this.#keys[this.#at]
        if (one !== undefined && Buffer.compare(one.key, start) >= 0) return one
      }
      if (!this.#more || Buffer.compare(start, this.#past) >= 0) return undefined
      await this.#fetch(start)
    }
  }

  async #fetch(key: Buffer): Promise<void> {
    const range = { key, rangeEnd: this.#past, limit: BigInt(this.#limit), revision: this.#revision, keysOnly: true }
    const answer = await readAt(serializable => this.#source.client.call(RPC.range, { ...range, serializable }))
    this.#keys = answer.kvs
    this.#at = 0
    this.#more = answer.more
    this.#limit = MORE_KEYS
  }
}

/** Lists at `revision`. A folder is left as soon as its name is known: it costs at most one request, whatever it holds. */
export async function listAt(
  source: Source,
  revision: bigint,
  listing: Listing,
  prefix: string,
  page: Page,
): Promise<Listed> {
  const { space } = source
  const { after, before, limit } = page
  const past = prefix === "" ? space.pastEntries : space.entry(pastFolder(prefix))
  const cursor = new Cursor(source, revision, past)
  const names: string[] = []
  const proof: Compare[] = []
  let start = space.entry(prefix + (after ?? ""))
  /** From here on it is not proved yet that nothing was made. Inside of folders it need not be. */
  let gap = start
  const proveUntil = (end: Buffer) => {
    if (Buffer.compare(gap, end) < 0) proof.push(noneMadeAfter(gap, end, revision))
  }
  for (;;) {
    const one = await cursor.seek(start)
    if (one === undefined) {
      proveUntil(past)
      break
    }
    const key = Buffer.from(one.key)
    const relative = space.nameOf(key).slice(prefix.length)
    const name = listing === "list" ? childOf(relative) : relative
    const isFolder = listing === "list" && name.endsWith("/")
    if (before !== undefined && compareKeys(name, before) >= 0) {
      proveUntil(key)
      break
    }
    if (after === undefined || compareKeys(name, after) > 0) {
      names.push(name)
      proof.push(existsSince(key, one.createRevision))
    }
    if (isFolder) proveUntil(key)
    start = isFolder ? space.entry(pastFolder(prefix + name)) : successor(key)
    if (isFolder) gap = start
    if (names.length === limit) {
      proveUntil(start)
      break
    }
  }
  return { listing, prefix, page, names, proof }
}

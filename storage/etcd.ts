/**
 * The shared store on etcd: any number of nodes on one cluster.
 *
 * A view reads one revision, that of its first read, which etcd answers linearizably. A commit is one transaction that
 * compares the modification revision of everything read (etcd-commit.ts). A version is a revision of etcd's: it grows with
 * every commit, also with those of others on the same cluster.
 */

import { type Clock, systemClock } from "./clock.ts"
import { type EtcdAddress, EtcdClient, EtcdRefused, etcdCredentials, RPC } from "./etcd-client.ts"
import { type CommitSource, commit } from "./etcd-commit.ts"
import { changesAfter } from "./etcd-feed.ts"
import { NodeHoldings } from "./etcd-lease.ts"
import { EtcdSnapshot, newestState } from "./etcd-snapshot.ts"

export { endpointsOf } from "./etcd-client.ts"

import { Space } from "./etcd-space.ts"
import { Foresight } from "./foresight.ts"
import { Memo, type MemoLimits } from "./memo.ts"
import { Transaction, taken } from "./transaction.ts"
import { momentOf, type Storage, StorageFailed, StorageUnavailable, type Version } from "./view.ts"

export interface EtcdOptions extends EtcdAddress {
  /** Where the store lies in the cluster: keys begin with it. */
  readonly path?: string | undefined
  /** etcd's --max-txn-ops and --max-request-bytes; what exceeds them is committed in several steps. */
  readonly max_txn_ops?: number | undefined
  readonly max_request_size?: number | undefined
  readonly clock?: Clock
  readonly memo?: MemoLimits
  /** How many commits the change feed remembers, and for how many seconds at least; older ones are compacted. */
  readonly remembered?: number
  readonly history?: number
  /** Whether this store compacts the cluster; false when another does. */
  readonly compact?: boolean
  /** How long a request is tried again while no member answers, in seconds. */
  readonly patience?: number
}

export interface EtcdStorage extends Storage {
  /** How many requests were sent to etcd. */
  sent(): number
}

/** Connects. Throws `StorageFailed` when the cluster cannot be reached or is too old. */
export async function etcdStorage(options: EtcdOptions): Promise<EtcdStorage> {
  const clock = options.clock ?? systemClock
  const memo = new Memo(options.memo)
  const space = new Space(options.path ?? "arca/")
  const patience = options.patience ?? 10
  const client = await connect(options, clock, patience)
  const holdings = new NodeHoldings(client, space, clock)
  const closed = new AbortController()
  const source: CommitSource = {
    client,
    space,
    operations: options.max_txn_ops ?? 128,
    bytes: options.max_request_size ?? 1.5 * 1024 * 1024,
    foresight: new Foresight(),
    holdings,
    clock,
    patience,
  }
  const compactor = options.compact === false ? undefined : new Compactor(client, clock, options)
  const pending = new Set<Promise<unknown>>()
  let newest: Version = 0
  const run = async (transaction: Transaction<EtcdSnapshot>): Promise<Version> => {
    const version = await commit(source, transaction)
    newest = Math.max(newest, version)
    compactor?.committed(version)
    return version
  }
  const view: Storage["view"] = hints => {
    if (closed.signal.aborted) throw new StorageFailed("The store is closed")
    return new Transaction(new EtcdSnapshot(source, hints?.() ?? []), memo)
  }
  return {
    view,
    moment: () => momentOf(view),
    commit: async view => {
      const transaction = taken(view, memo, EtcdSnapshot)
      if (closed.signal.aborted) throw new StorageFailed("The store is closed")
      if (transaction.writes.size === 0) return newest
      const running = run(transaction)
      pending.add(running)
      try {
        return await running
      } finally {
        pending.delete(running)
      }
    },
    changes: since => changesAfter(since, { ...source, closed: closed.signal }),
    version: async () => Number((await newestState(source, [])).revision),
    // etcd tells no time. What must not depend on the nodes' clocks compares versions (server/jobs.ts).
    now: async () => clock.now(),
    sent: () => client.sent,
    [Symbol.asyncDispose]: async () => {
      if (closed.signal.aborted) return
      closed.abort()
      await Promise.allSettled(pending)
      await holdings.close()
      client.close()
    },
  }
}

async function connect(options: EtcdOptions, clock: Clock, patience: number): Promise<EtcdClient> {
  try {
    const client = new EtcdClient(options, await etcdCredentials(options), clock, patience)
    try {
      const { version } = await client.call(RPC.status, {})
      const [major = 0, minor = 0] = version.split(".").map(Number)
      if (major < 3 || (major === 3 && minor < 4)) throw new Error(`it is etcd ${version}; 3.4 is needed`)
      await newestState(
        { client, space: new Space(options.path ?? "arca/"), operations: 2, foresight: new Foresight() },
        [],
      )
      return client
    } catch (error) {
      client.close()
      throw error
    }
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new StorageFailed(`Cannot use the etcd cluster: ${text}`, { cause })
  }
}

/** How many own commits pass between two looks at what can be compacted. */
const STRIDE = 256

/** Keeps etcd's history short: by itself it keeps all of it, until its disk quota is full. */
class Compactor {
  readonly #client: EtcdClient
  readonly #clock: Clock
  readonly #remembered: number
  readonly #history: number
  #samples: { readonly at: number; readonly version: Version }[] = []
  #commits = 0
  #compacted: Version = 0

  constructor(client: EtcdClient, clock: Clock, { remembered, history }: EtcdOptions) {
    this.#client = client
    this.#clock = clock
    this.#remembered = remembered ?? 10_000
    this.#history = history ?? 300
  }

  committed(version: Version): void {
    if (++this.#commits % STRIDE !== 0) return
    const now = this.#clock.now()
    this.#samples.push({ at: now, version })
    const past = this.#samples.findLast(sample => sample.at <= now - this.#history)
    if (past === undefined) return
    this.#samples = this.#samples.slice(this.#samples.indexOf(past))
    const until = Math.min(past.version, version - this.#remembered)
    if (until <= this.#compacted) return
    this.#compacted = until
    this.#client.call(RPC.compact, { revision: BigInt(until) }).catch((error: unknown) => {
      // Another node was first, or the cluster does not answer: the next time will do.
      if (!(error instanceof EtcdRefused || error instanceof StorageUnavailable)) throw error
    })
  }
}

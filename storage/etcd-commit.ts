/**
 * Commits on etcd: one transaction that compares what was read and writes, made once however often it is sent.
 */

import { randomUUID } from "node:crypto"
import { status } from "@grpc/grpc-js"
import type { Clock } from "./clock.ts"
import { EtcdRefused, RPC } from "./etcd-client.ts"
import { commitLarge, passLock } from "./etcd-large.ts"
import { isLeaseGone, type NodeHoldings, type Slot } from "./etcd-lease.ts"
import { type EtcdSnapshot, type Listed, listAt, lockOf, newestState, type Source } from "./etcd-snapshot.ts"
import { type Compare, found, get, type Operation, put, remove, unchanged } from "./etcd-space.ts"
import type { Transaction } from "./transaction.ts"
import { Conflict, StorageUnavailable, ValueTooLarge, type Version } from "./view.ts"

export interface CommitSource extends Source {
  readonly holdings: NodeHoldings
  readonly clock: Clock
  /** How many bytes one request may have. */
  readonly bytes: number
  /** How long a commit waits for another that holds the lock, in seconds. */
  readonly patience: number
}

/** Room for what surrounds the writes in a request. */
const OVERHEAD = 4096
const PER_WRITE = 64

/** Makes the writes of `transaction` durable, all or none; the revision of etcd that they have. */
export async function commit(source: CommitSource, transaction: Transaction<EtcdSnapshot>): Promise<Version> {
  mustFit(source, transaction)
  const slots = new Held(source.holdings)
  try {
    return await (isSmall(source, transaction)
      ? commitSmall(source, transaction, slots)
      : commitLarge(source, transaction, slots))
  } catch (error) {
    throw failureOf(error, slots.unsure)
  } finally {
    slots.done()
  }
}

/** The slot that a commit uses, and whether something was sent through it whose outcome nobody knows. */
export class Held {
  readonly id = randomUUID()
  readonly #holdings: NodeHoldings
  #slot: Slot | undefined
  unsure = false

  constructor(holdings: NodeHoldings) {
    this.#holdings = holdings
  }

  async slot(): Promise<Slot> {
    this.#slot ??= await this.#holdings.take()
    return this.#slot
  }

  /** The slot is gone with the node's lease. What was sent through it before may have been committed: nobody can tell. */
  async lost(slot: Slot): Promise<void> {
    this.#slot = undefined
    await this.#holdings.forget(slot.lease)
    if (this.unsure) throw new StorageUnavailable("this node's lease ran out while it committed")
  }

  done(): void {
    if (this.#slot !== undefined && !this.unsure) this.#holdings.giveBack(this.#slot)
  }
}

async function commitSmall(source: CommitSource, transaction: Transaction<EtcdSnapshot>, held: Held): Promise<Version> {
  const { client, space, clock, patience } = source
  const deadline = clock.now() + patience
  const writes = writesOf(source, transaction)
  const reads = readsOf(source, transaction)
  let listed: readonly Listed[] = transaction.snapshot.listed
  for (;;) {
    const slot = await held.slot()
    const answer = await client
      .call(
        RPC.txn,
        {
          compare: [
            unchanged(space.lock, 0),
            unchanged(slot.key, slot.version),
            ...reads,
            ...listed.flatMap(({ proof }) => proof),
          ],
          success: [...writes, put(slot.key, Buffer.from(held.id), slot.lease)],
          failure: [get(slot.key), get(space.lock)],
        },
        () => {
          held.unsure = true
        },
      )
      .catch((error: unknown) => {
        if (isLeaseGone(error)) return undefined
        if (error instanceof StorageUnavailable) held.unsure = true
        throw error
      })
    if (answer === undefined) {
      await held.lost(slot)
      continue
    }
    if (answer.succeeded) return settle(held, slot, answer.header?.revision ?? 0n)
    const [current, locked] = found(answer)
    if (current !== undefined && Buffer.from(current.value).toString() === held.id) {
      return settle(held, slot, current.modRevision)
    }
    if (current?.modRevision !== slot.version) {
      await held.lost(slot)
      continue
    }
    // The slot is as it was: nothing that was sent through it has taken effect, nor can it.
    held.unsure = false
    const lock = lockOf(locked)
    if (lock !== undefined) await passLock(source, lock, deadline)
    else if (listed.length === 0) throw new Conflict("A value that was read was changed by another commit")
    else listed = await stillTheSame(source, transaction, listed)
  }
}

function settle(held: Held, slot: Slot, revision: bigint): Version {
  slot.version = revision
  held.unsure = false
  return Number(revision)
}

export const writesOf = ({ space }: Source, { writes }: Transaction<EtcdSnapshot>): Operation[] =>
  [...writes].map(([key, value]) => (value === undefined ? remove(space.entry(key)) : put(space.entry(key), value)))

export const readsOf = ({ space }: Source, { reads }: Transaction<EtcdSnapshot>): Compare[] =>
  [...reads].map(([key, version]) => unchanged(space.entry(key), version))

/** The listings anew, if all that was read is as it was; throws `Conflict` otherwise. */
export async function stillTheSame(
  source: Source,
  transaction: Transaction<EtcdSnapshot>,
  listed: readonly Listed[],
): Promise<Listed[]> {
  const { client, space, operations } = source
  const reads = [...transaction.reads]
  while (reads.length > 0) {
    const some = reads.splice(0, operations)
    const answer = await client.call(RPC.txn, {
      success: some.map(([key]) => get(space.entry(key), { keysOnly: true })),
    })
    for (const [at, one] of found(answer).entries()) {
      if (Number(one?.modRevision ?? 0n) === some[at]?.[1]) continue
      throw new Conflict(`The value under "${some[at]?.[0]}" was changed by another commit`)
    }
  }
  const { revision } = await newestState(source, [])
  return await Promise.all(listed.map(one => listedAgain(source, revision, one)))
}

async function listedAgain(
  source: Source,
  revision: bigint,
  { listing, prefix, page, names }: Listed,
): Promise<Listed> {
  const now = await listAt(source, revision, listing, prefix, page)
  if (now.names.length === names.length && now.names.every((name, at) => name === names[at])) return now
  throw new Conflict(`The names under "${prefix}" were changed by another commit`)
}

/** Whether one transaction can hold it. */
function isSmall({ operations, bytes }: CommitSource, { reads, writes, snapshot }: Transaction<EtcdSnapshot>): boolean {
  const compares = snapshot.listed.reduce((sum, { proof }) => sum + proof.length, reads.size)
  if (compares + 2 > operations || writes.size + 1 > operations) return false
  let size = OVERHEAD + compares * PER_WRITE
  for (const key of reads.keys()) size += key.length * 3
  for (const [key, value] of writes) size += key.length * 3 + PER_WRITE + (value?.length ?? 0)
  return size <= bytes
}

/** One value must fit into one request. */
function mustFit({ bytes }: CommitSource, { writes }: Transaction<EtcdSnapshot>): void {
  const most = bytes - 4 * OVERHEAD
  for (const [key, value] of writes) {
    if (value === undefined || value.length <= most) continue
    throw new ValueTooLarge(
      `The value under "${key}" has ${value.length} bytes; etcd takes ${most} (its --max-request-bytes, and max_request_size of the storage, decide)`,
    )
  }
}

/** What a failure means for the asker. */
function failureOf(error: unknown, unsure: boolean): unknown {
  if (error instanceof StorageUnavailable && unsure) {
    return new StorageUnavailable(`Whether the commit took effect is unknown: ${error.message}`, { cause: error })
  }
  if (!(error instanceof EtcdRefused)) return error
  const hint = HINTS.find(([code, text]) => error.code === code && error.message.includes(text))?.[2]
  return new StorageUnavailable(`etcd refused the commit: ${error.message}${hint === undefined ? "" : `; ${hint}`}`, {
    cause: error,
  })
}

/** What the operator can do about a refusal, by its code and text. */
const HINTS: readonly (readonly [number, string, string])[] = [
  [
    status.INVALID_ARGUMENT,
    "too many operations",
    "set max_txn_ops of the storage to etcd's --max-txn-ops, or raise that",
  ],
  [
    status.INVALID_ARGUMENT,
    "request is too large",
    "set max_request_size of the storage to etcd's --max-request-bytes, or raise that",
  ],
  [
    status.RESOURCE_EXHAUSTED,
    "space exceeded",
    "its database is full: compact, defragment and disarm the alarm (etcdctl alarm disarm), or raise --quota-backend-bytes",
  ],
  [status.PERMISSION_DENIED, "", "grant the user readwrite on the storage's path"],
]

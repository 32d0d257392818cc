/**
 * Commits that are too large for one transaction of etcd's. Their writes are staged beside the store; then a lock keeps
 * other commits out, what was read is compared, and one transaction decides: from then on the commit is made, whoever carries
 * it out. While its writes are applied, part by part, everyone reads the state before; with the lock's end all of it shows.
 *
 * A node that dies before the decision leaves nothing (its lock and its parts hang on leases). After it, any node that finds
 * the lock applies the parts: they are the same whoever does it, and each is refused once the lock is gone.
 */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import { pause } from "./clock.ts"
import { EtcdRefused, RPC } from "./etcd-client.ts"
import { type CommitSource, type Held, stillTheSame, writesOf } from "./etcd-commit.ts"
import { TxnRequestSchema } from "./etcd-messages.ts"
import { type EtcdSnapshot, type Lock, lockOf } from "./etcd-snapshot.ts"
import { found, get, type Operation, put, remove, unchanged } from "./etcd-space.ts"
import type { Transaction } from "./transaction.ts"
import { StorageUnavailable, ValueTooLarge, type Version } from "./view.ts"

/** How long an undecided lock outlives its node, in seconds. */
const LOCK_LIFE = 5
/** How often a lock that is in the way is looked at, in seconds. */
const LOOK = 0.02
/** How long others wait before they help to apply, in seconds. */
const HELP_AFTER = 0.5

export async function commitLarge(
  source: CommitSource,
  transaction: Transaction<EtcdSnapshot>,
  held: Held,
): Promise<Version> {
  const parts = partsOf(source, writesOf(source, transaction))
  if (parts.length + 3 > source.operations) {
    throw new ValueTooLarge(
      `The commit needs ${parts.length} transactions of etcd's; at most ${source.operations - 3} are possible (max_txn_ops, max_request_size)`,
    )
  }
  await stage(source, held.id, parts)
  try {
    const lock = await takeLock(source, held.id)
    await stillTheSame(source, transaction, transaction.snapshot.listed)
    const decided = await decide(source, held, lock, parts.length)
    return await applyAll(source, decided)
  } catch (error) {
    if (!held.unsure) await discard(source, held.id)
    throw error
  }
}

/** The writes, as transactions that fit. */
function partsOf({ operations, bytes }: CommitSource, writes: readonly Operation[]): Buffer[] {
  const parts: Buffer[] = []
  let some: Operation[] = []
  let size = 0
  const close = () => {
    if (some.length > 0)
      parts.push(Buffer.from(toBinary(TxnRequestSchema, create(TxnRequestSchema, { success: some }))))
    some = []
    size = 0
  }
  for (const one of writes) {
    const { request } = one
    const length =
      request?.case === "requestPut" ? (request.value.key?.length ?? 0) + (request.value.value?.length ?? 0) : 2048
    if (some.length === operations || size + length + 64 * (some.length + 1) > bytes - 8192) close()
    some.push(one)
    size += length
  }
  close()
  return parts
}

async function stage({ client, space, holdings }: CommitSource, id: string, parts: readonly Buffer[]): Promise<void> {
  const lease = await holdings.lease()
  for (const [nth, part] of parts.entries()) {
    await client.call(RPC.txn, { success: [put(space.part(id, nth), part, lease)] })
  }
}

/** Takes the lock, under a lease of its own so that a death frees it soon. */
async function takeLock(source: CommitSource, id: string): Promise<Lock> {
  const { client, space, clock, patience, holdings } = source
  const deadline = clock.now() + patience
  const lease = await holdings.grant(LOCK_LIFE)
  for (;;) {
    const answer = await client.call(RPC.txn, {
      compare: [unchanged(space.lock, 0)],
      success: [put(space.lock, Buffer.from(`staging ${id}`), lease)],
      failure: [get(space.lock)],
    })
    if (answer.succeeded) return { commit: id, applying: false, revision: answer.header?.revision ?? 0n }
    const lock = lockOf(found(answer)[0])
    // Ours after all: the answer to an earlier sending was lost.
    if (lock?.commit === id) return lock
    if (lock !== undefined) await passLock(source, lock, deadline)
  }
}

/** Makes the commit: its parts stay, and the lock until they are applied. */
async function decide(source: CommitSource, held: Held, lock: Lock, parts: number): Promise<Lock> {
  const { client, space } = source
  const slot = await held.slot()
  const keep = Array.from(
    { length: parts },
    (_, nth): Operation => ({
      request: { case: "requestPut", value: { key: space.part(held.id, nth), ignoreValue: true, lease: 0n } },
    }),
  )
  held.unsure = true
  const answer = await client.call(RPC.txn, {
    compare: [unchanged(space.lock, lock.revision), unchanged(slot.key, slot.version)],
    success: [
      put(space.lock, Buffer.from(`applying ${held.id}`)),
      ...keep,
      put(slot.key, Buffer.from(held.id), slot.lease),
    ],
    failure: [get(slot.key), get(space.lock)],
  })
  const [current] = found(answer)
  const revision = answer.succeeded ? answer.header?.revision : current?.modRevision
  const made = answer.succeeded || (current !== undefined && Buffer.from(current.value).toString() === held.id)
  if (!made && current?.modRevision === slot.version) held.unsure = false
  if (!made || revision === undefined) throw new StorageUnavailable("a large commit took too long and lost its lock")
  slot.version = revision
  held.unsure = false
  return { commit: held.id, applying: true, revision }
}

/** Applies what is left of a decided commit, and ends its lock; the version from which all of it shows. */
async function applyAll(source: CommitSource, lock: Lock): Promise<Version> {
  const { client, space } = source
  const parts = await client.call(RPC.range, { ...space.parts(lock.commit), keysOnly: true })
  for (const { key } of parts.kvs) {
    const [part] = (await client.call(RPC.range, { key })).kvs
    if (part === undefined) break
    const { success } = fromBinary(TxnRequestSchema, part.value)
    const answer = await client.call(RPC.txn, { compare: [unchanged(space.lock, lock.revision)], success })
    if (!answer.succeeded) break
  }
  const { key, rangeEnd } = space.parts(lock.commit)
  const answer = await client.call(RPC.txn, {
    compare: [unchanged(space.lock, lock.revision)],
    success: [remove(space.lock), remove(key, rangeEnd)],
  })
  // When another node was first, the commit shows since before this answer.
  return Number(answer.header?.revision ?? 0n)
}

/** Removes what an undecided commit has left. */
async function discard({ client, space }: CommitSource, id: string): Promise<void> {
  const { key, rangeEnd } = space.parts(id)
  try {
    const lock = lockOf((await client.call(RPC.range, { key: space.lock })).kvs[0])
    const mine = lock?.commit === id && !lock.applying
    await client.call(RPC.txn, {
      compare: mine ? [unchanged(space.lock, lock.revision)] : [],
      success: mine ? [remove(space.lock), remove(key, rangeEnd)] : [remove(key, rangeEnd)],
    })
  } catch (error) {
    // The leases will see to it.
    if (!(error instanceof StorageUnavailable || error instanceof EtcdRefused)) throw error
  }
}

/** Waits until the lock has moved on; helps when its commit is decided and nobody seems to carry it out. */
export async function passLock(source: CommitSource, lock: Lock, deadline: number): Promise<void> {
  const { client, space, clock } = source
  const seen = clock.now()
  for (;;) {
    await pause(clock, LOOK)
    const current = lockOf((await client.call(RPC.range, { key: space.lock })).kvs[0])
    if (current?.revision !== lock.revision) return
    const now = clock.now()
    if (lock.applying && now > seen + HELP_AFTER) {
      await applyAll(source, lock)
      return
    }
    if (now > deadline) throw new StorageUnavailable("a large commit of another node holds the lock")
  }
}

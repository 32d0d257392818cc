/** What a node holds in etcd while it lives: a lease, and slots that name its last commits. */

import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { create } from "@bufbuild/protobuf"
import type { Clock } from "./clock.ts"
import { type EtcdClient, EtcdRefused, RPC } from "./etcd-client.ts"
import { LeaseKeepAliveResponseSchema } from "./etcd-messages.ts"
import { put, type Space } from "./etcd-space.ts"

/** How long etcd keeps what a node holds after it last heard of the node, in seconds. It must outlast a commit's retries. */
const LIFE = 60

/**
 * A place for one commit at a time: the key holds the id of the last commit made through it. A commit is refused when the slot
 * is not at the version that the node knows, and writes its id there. So a commit that is sent twice is made once, and
 * whoever lost the answer finds it in the slot.
 */
export interface Slot {
  readonly key: Buffer
  readonly lease: bigint
  version: bigint
}

export class NodeHoldings {
  readonly #client: EtcdClient
  readonly #space: Space
  readonly #clock: Clock
  readonly #node = randomUUID()
  readonly #closed = new AbortController()
  #lease: Promise<bigint> | undefined
  #free: Slot[] = []
  #made = 0

  constructor(client: EtcdClient, space: Space, clock: Clock) {
    this.#client = client
    this.#space = space
    this.#clock = clock
  }

  /** A slot that no other commit uses. */
  async take(): Promise<Slot> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    for (;;) {
      const lease = await this.lease()
      const key = this.#space.slot(this.#node, ++this.#made)
      try {
        const { header } = await this.#client.call(RPC.txn, { success: [put(key, new Uint8Array(0), lease)] })
        return { key, lease, version: header?.revision ?? 0n }
      } catch (error) {
        if (!isLeaseGone(error)) throw error
        await this.forget(lease)
      }
    }
  }

  /** For a commit whose outcome is known. A slot whose outcome is unknown is never used again. */
  giveBack(slot: Slot): void {
    this.#free.push(slot)
  }

  /** The lease is gone, and with it all slots that it held. */
  async forget(lease: bigint): Promise<void> {
    this.#free = this.#free.filter(slot => slot.lease !== lease)
    if ((await this.#lease?.catch(() => lease)) === lease) this.#lease = undefined
  }

  /** The lease of this node; what is put under it vanishes a while after the node does. */
  lease(): Promise<bigint> {
    if (this.#lease === undefined) {
      const granted = this.grant(LIFE)
      this.#lease = granted
      granted.then(
        lease => void this.#keepAlive(lease),
        () => {
          if (this.#lease === granted) this.#lease = undefined
        },
      )
    }
    return this.#lease
  }

  async grant(seconds: number): Promise<bigint> {
    return (await this.#client.call(RPC.grant, { TTL: BigInt(seconds) })).ID
  }

  async close(): Promise<void> {
    this.#closed.abort()
    // Not waited for when nobody answers: the lease ends by itself.
    await Promise.race([this.#revoke(), this.#clock.sleep(1, new AbortController().signal)])
  }

  async #revoke(): Promise<void> {
    const lease = await this.#lease?.catch(() => undefined)
    if (lease !== undefined) await this.#client.call(RPC.revoke, { ID: lease }).catch(() => undefined)
  }

  async #keepAlive(lease: bigint): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#clock.sleep(LIFE / 6, this.#closed.signal)
      if (this.#closed.signal.aborted) return
      const left = await this.#renew(lease).catch(() => undefined)
      // A failure to ask is no answer: the lease may live on.
      if (left === 0n) return await this.forget(lease)
    }
  }

  async #renew(lease: bigint): Promise<bigint> {
    const stream = await this.#client.stream(RPC.keepAlive, { ID: lease })
    stream.on("error", () => undefined)
    try {
      const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(LIFE * 100)])
      const [answer] = await once(stream, "data", { signal })
      return create(LeaseKeepAliveResponseSchema, answer).TTL
    } finally {
      stream.cancel()
    }
  }
}

export const isLeaseGone = (error: unknown): boolean =>
  error instanceof EtcdRefused && error.message.includes("requested lease not found")

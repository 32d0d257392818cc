/** The change feed on etcd: a watch, from any revision that is not compacted. */

import type { ClientDuplexStream } from "@grpc/grpc-js"
import type { Clock } from "./clock.ts"
import { EtcdRefused, RPC } from "./etcd-client.ts"
import type { Event, WatchRequest, WatchResponse } from "./etcd-messages.ts"
import { lockOf, newestState, type Source } from "./etcd-snapshot.ts"
import type { Space } from "./etcd-space.ts"
import { type Change, ChangesGone, type Version } from "./view.ts"

export interface FollowSource extends Source {
  readonly clock: Clock
  /** Aborted when the store closes. */
  readonly closed: AbortSignal
}

/** The changes after `since`. Stopping the iteration takes effect at once, also while it waits. */
export function changesAfter(since: Version, source: FollowSource): AsyncIterable<Change> {
  return {
    [Symbol.asyncIterator]: () => {
      const stop = new AbortController()
      const changes = follow(since, source, AbortSignal.any([stop.signal, source.closed]))
      return {
        next: () => changes.next(),
        return: async () => {
          stop.abort()
          return changes.return(undefined)
        },
      }
    },
  }
}

async function* follow(since: Version, source: FollowSource, stop: AbortSignal): AsyncGenerator<Change, undefined> {
  const begin = await beginAfter(since, source)
  const held = new Holding(source.space, begin.holding)
  let seen = begin.seen
  while (!stop.aborted) {
    try {
      for await (const response of watch(source, seen + 1n, stop)) {
        if (response.canceled) throw endOf(response, since)
        for (const event of response.events) {
          yield* held.pass(event)
          seen = event.kv?.modRevision ?? seen
        }
      }
    } catch (error) {
      if (stop.aborted) return undefined
      if (error instanceof ChangesGone || error instanceof EtcdRefused) throw error
      source.client.rotate()
      await source.clock.sleep(0.1, stop)
    }
  }
  return undefined
}

async function* watch(source: FollowSource, startRevision: bigint, stop: AbortSignal): AsyncGenerator<WatchResponse> {
  const { client, space } = source
  const stream = await client.stream(RPC.watch, {
    request: { case: "createRequest", value: { key: space.lock, rangeEnd: space.pastEntries, startRevision } },
  })
  const cancel = () => stream.cancel()
  stop.addEventListener("abort", cancel)
  if (stop.aborted) cancel()
  try {
    yield* responsesOf(stream)
  } finally {
    stop.removeEventListener("abort", cancel)
    stream.on("error", () => undefined)
    stream.cancel()
  }
}

async function* responsesOf(stream: ClientDuplexStream<WatchRequest, WatchResponse>): AsyncGenerator<WatchResponse> {
  for await (const response of stream) yield response
}

const endOf = ({ compactRevision, cancelReason }: WatchResponse, since: Version): Error =>
  compactRevision > 0n
    ? new ChangesGone(
        `The changes after version ${since} are forgotten: etcd has compacted them up to ${compactRevision}`,
      )
    : new Error(cancelReason)

/** Holds back what a large commit writes until its lock ends: before, nobody can see it. */
class Holding {
  readonly #space: Space
  #held: Change[] | undefined

  constructor(space: Space, holding: boolean) {
    this.#space = space
    this.#held = holding ? [] : undefined
  }

  *pass({ type, kv }: Event): Generator<Change> {
    if (kv === undefined) return
    const version = Number(kv.modRevision)
    if (this.#space.isLock(kv.key)) {
      if (type === 0 && lockOf(kv)?.applying === true) this.#held = []
      if (type === 0) return
      const held = this.#held ?? []
      this.#held = undefined
      for (const change of held) yield { ...change, version }
      return
    }
    const change: Change = { version, key: this.#space.nameOf(kv.key), kind: type === 0 ? "put" : "delete" }
    if (this.#held === undefined) yield change
    else this.#held.push(change)
  }
}

/** Where to begin so that nothing after `since` is missed: at a large commit's decision when `since` lies within its writes. */
async function beginAfter(since: Version, source: Source): Promise<{ seen: bigint; holding: boolean }> {
  const { client, space } = source
  const { revision: newest } = await newestState(source, [])
  if (since > newest) {
    throw new ChangesGone(
      `There is no version ${since}; the newest is ${newest}, so the store was put back to an older state`,
    )
  }
  const revision = BigInt(since)
  if (since === 0) return { seen: revision, holding: false }
  try {
    const lock = lockOf((await client.call(RPC.range, { key: space.lock, revision })).kvs[0])
    return lock?.applying === true ? { seen: lock.revision, holding: true } : { seen: revision, holding: false }
  } catch (error) {
    if (!(error instanceof EtcdRefused && error.compacted)) throw error
    throw new ChangesGone(`The changes after version ${since} are forgotten: etcd has compacted them`, { cause: error })
  }
}

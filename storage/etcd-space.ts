/** Where things lie in etcd, and the operations on them. All keys are below one path, so that a cluster can serve others too. */

import type { MessageInitShape } from "@bufbuild/protobuf"
import type { CompareSchema, KeyValue, RequestOpSchema, TxnResponse } from "./etcd-messages.ts"
import type { Version } from "./view.ts"

export type Compare = MessageInitShape<typeof CompareSchema>
export type Operation = MessageInitShape<typeof RequestOpSchema>

const EQUAL = 0
const LESS = 2
const CREATE = 1
const MOD = 2

/**
 * - `d`: the lock of a commit that needs several transactions (etcd-large.ts). It lies beside the entries, so that one
 *   watch tells of both in their order.
 * - `e/<key>`: the entries.
 * - `s/<node>/<slot>`: the last commit that a node made through a slot (etcd-commit.ts).
 * - `t/<commit>/<part>`: the parts of a large commit until it is applied.
 */
export class Space {
  readonly #path: string
  readonly lock: Buffer
  readonly #entries: string

  constructor(path: string) {
    this.#path = path
    this.lock = Buffer.from(`${path}d`)
    this.#entries = `${path}e/`
  }

  entry(key: string): Buffer {
    return Buffer.from(this.#entries + key)
  }
  /** The key of an entry as it is stored. */
  nameOf(stored: Uint8Array): string {
    return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString().slice(this.#entries.length)
  }
  isLock(stored: Uint8Array): boolean {
    return this.lock.equals(stored)
  }
  slot(node: string, nth: number): Buffer {
    return Buffer.from(`${this.#path}s/${node}/${nth}`)
  }
  part(commit: string, nth: number): Buffer {
    return Buffer.from(`${this.#path}t/${commit}/${String(nth).padStart(6, "0")}`)
  }
  parts(commit: string): { key: Buffer; rangeEnd: Buffer } {
    return { key: Buffer.from(`${this.#path}t/${commit}/`), rangeEnd: Buffer.from(`${this.#path}t/${commit}0`) }
  }
  /** The end of a range of all entries, exclusive. */
  get pastEntries(): Buffer {
    return Buffer.from(`${this.#path}e0`)
  }
}

/** `key` was last written at `version`; 0: it is not there. */
export const unchanged = (key: Uint8Array, version: Version | bigint): Compare => ({
  result: EQUAL,
  target: MOD,
  key,
  targetUnion: { case: "modRevision", value: BigInt(version) },
})

/** `key` exists since `revision`. */
export const existsSince = (key: Uint8Array, revision: bigint): Compare => ({
  result: EQUAL,
  target: CREATE,
  key,
  targetUnion: { case: "createRevision", value: revision },
})

/** No key from `key` to `rangeEnd` was made after `revision`. */
export const noneMadeAfter = (key: Uint8Array, rangeEnd: Uint8Array, revision: bigint): Compare => ({
  result: LESS,
  target: CREATE,
  key,
  rangeEnd,
  targetUnion: { case: "createRevision", value: revision + 1n },
})

export const put = (key: Uint8Array, value: Uint8Array, lease = 0n): Operation => ({
  request: { case: "requestPut", value: { key, value, lease } },
})

export const remove = (key: Uint8Array, rangeEnd?: Uint8Array): Operation => ({
  request: {
    case: "requestDeleteRange",
    value: rangeEnd === undefined ? { key } : { key, rangeEnd },
  },
})

export interface RangeOptions {
  readonly revision?: bigint
  readonly serializable?: boolean
  readonly keysOnly?: boolean
}

export const get = (key: Uint8Array, options: RangeOptions = {}): Operation => ({
  request: { case: "requestRange", value: { key, ...options } },
})

/** What each `get` of a transaction found, in order. */
export function found(answer: TxnResponse): (KeyValue | undefined)[] {
  return answer.responses.flatMap(({ response }) => (response.case === "responseRange" ? [response.value.kvs[0]] : []))
}

/** The key that follows `key` at once. */
export const successor = (key: Uint8Array): Buffer => Buffer.concat([key, Buffer.of(0)])

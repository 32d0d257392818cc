/**
 * Makes a device's records evident of tampering. Each line gets one more key at its end,
 *
 *     "chain":{"log":"1f0e2a77","seq":41,"prev":"<base64>"}
 *
 * `log` stands for the chain's origin, `seq` counts its records from 0, `prev` is the leaf hash of the record before:
 * SHA-256(0x00 ‖ line), over the line's bytes from its `{` to its `}`. The same hashes are the leaves of a Merkle tree
 * (RFC 6962), whose root is signed from time to time. Records of type `chain` tell the chain's own story:
 *
 *     start       a process begins (or goes on) to write; with the origin, the root so far and the subtrees that make it up
 *     checkpoint  all records before this one, signed
 *     rotate      the file ends here, a `start` in the next one follows
 *     lost        records from `from` on may not have arrived: the device failed in the middle of them
 *     stop, disable
 */

import type { KeyObject } from "node:crypto"
import { checkpointSigner, isOrigin, logOf, type StoreSeen } from "./checkpoint.ts"
import type { ChainState } from "./device.ts"
import { base64, digestOf, type Frontier, frontierOf, grow, leafHash, rootOf } from "./frontier.ts"
import { quote, timestamp } from "./json-text.ts"

export type ChainEvent = "start" | "rotate" | "lost" | "stop" | "disable"

/** Turns lines into the bytes of one write. Only one batch is open at a time. */
export interface Chain {
  begin(): void
  /** A line without its last `}`. */
  add(line: string): void
  event(kind: ChainEvent, milliseconds: number, details?: string): void
  /** Signs all records so far; returns the note. */
  checkpoint(milliseconds: number): string | undefined
  /** The batch, until the next `begin`. */
  bytes(): Buffer
  /** The batch did not arrive: for certain (`untouched`), and it is as if it had never been; or perhaps. */
  failed(untouched: boolean): void
  state(): ChainState | undefined
  /** Records since the last checkpoint. */
  unsigned(): number
}

const START_BYTES = 64 * 1024
/** A buffer that one large batch made larger than this is not kept. */
const KEPT_BYTES = 4 * 1024 * 1024
const CHAIN_KEY_BYTES = 256

/** A growing buffer with a spare byte at its front, which lets a line be hashed where it stands. */
function batchBuffer() {
  let buffer = Buffer.allocUnsafe(START_BYTES)
  let used = 1
  return {
    clear(): void {
      if (buffer.length > KEPT_BYTES) buffer = Buffer.allocUnsafe(START_BYTES)
      used = 1
    },
    /** Appends text; returns where it begins. */
    append(text: string): number {
      const start = used
      const needed = used + text.length * 3 + CHAIN_KEY_BYTES
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2))
        buffer.copy(larger, 0, 0, used)
        buffer = larger
      }
      used += buffer.write(text, used)
      return start
    },
    slice: (start: number): Buffer => buffer.subarray(start, used),
    /** The leaf hash of what stands from `start` on; the byte before it is put back afterwards. */
    leafFrom(start: number): string {
      const before = buffer[start - 1] ?? 0
      const leaf = leafHash(buffer.subarray(start - 1, used))
      buffer[start - 1] = before
      return leaf
    },
  }
}

/** Lines as they are, for devices without a chain. */
export function unchained(): Chain {
  const batch = batchBuffer()
  return {
    begin: batch.clear,
    add(line) {
      batch.append(`${line}}\n`)
    },
    event() {},
    checkpoint: () => undefined,
    bytes: () => batch.slice(1),
    failed() {},
    state: () => undefined,
    unsigned: () => 0,
  }
}

/**
 * Continues the chain of `origin` from `state`, or begins it. `prefix` stands before each line and is not hashed; checkpoints
 * say what the store holds of the chain, as far as `store` knows.
 */
export function signedChain(
  origin: string,
  key: KeyObject,
  prefix: string,
  state: ChainState | undefined,
  store: () => StoreSeen | undefined = () => undefined,
): Chain {
  if (!isOrigin(origin))
    throw new Error(`Cannot use "${origin}" as the origin of a chain: it must not hold spaces or "+"`)
  const log = logOf(origin)
  const signed = checkpointSigner(origin, key)
  const batch = batchBuffer()
  let tree: Frontier = (state && frontierOf(state.size, state.frontier)) ?? { size: 0, subtrees: [] }
  let prev = tree.size === 0 ? "" : (state?.prev ?? "")
  let unsigned = 0
  let before = { size: tree.size, subtrees: [...tree.subtrees], prev, unsigned }

  const add = (line: string): void => {
    const text = `${line}${linkText(log, tree.size, prev)}`
    const start = batch.append(text) + prefix.length
    const leaf = batch.leafFrom(start)
    batch.append("\n")
    grow(tree, leaf)
    prev = base64(leaf)
    unsigned++
  }
  return {
    begin() {
      before = { size: tree.size, subtrees: [...tree.subtrees], prev, unsigned }
      batch.clear()
    },
    add,
    event(kind, milliseconds, details = "") {
      const root = `,"origin":${quote(origin)},"root":"${base64(rootOf(tree))}","frontier":${frontierText(tree)}`
      add(`${prefix}${eventText(kind, timestamp(milliseconds))}${root}${details}`)
    },
    checkpoint(milliseconds) {
      const time = timestamp(milliseconds)
      const note = signed({ origin, size: tree.size, root: base64(rootOf(tree)), time, store: store() })
      add(prefix + checkpointText(note, time, tree))
      unsigned = 0
      return note
    },
    bytes: () => batch.slice(1),
    failed(untouched) {
      if (!untouched) return
      tree = { size: before.size, subtrees: [...before.subtrees] }
      prev = before.prev
      unsigned = before.unsigned
    },
    state: () => ({ origin, size: tree.size, prev, frontier: tree.subtrees.map(base64) }),
    unsigned: () => unsigned,
  }
}

const eventText = (kind: string, time: string): string => `{"time":"${time}","type":"chain","event":"${kind}"`
const frontierText = (tree: Frontier): string => JSON.stringify(tree.subtrees.map(base64))
const checkpointText = (note: string, time: string, tree: Frontier): string =>
  `${eventText("checkpoint", time)},"note":${quote(note)},"frontier":${frontierText(tree)}`
const linkText = (log: string, seq: number, prev: string): string =>
  `,"chain":{"log":"${log}","seq":${seq},"prev":"${prev}"}}`

/**
 * The leaf that the checkpoint `note` must have had. Nothing in such a line is beyond what the signature and the tree
 * say, so that not even the last line of a file can be changed unseen.
 */
export function checkpointLeaf(note: string, time: string, tree: Frontier, log: string, prev: string): string {
  const text = checkpointText(note, time, tree) + linkText(log, tree.size, base64(prev))
  return leafHash(Buffer.from(`\0${text}`))
}

/** What a line says about its place. */
export interface Link {
  readonly log: string
  readonly seq: number
  /** Binary; empty for the first record. */
  readonly prev: string
  /** The leaf hash of this line, binary. */
  readonly leaf: string
  /** `time` of the record. */
  readonly time: string
  readonly event?: EventRecord
}

/** A record of type `chain`. */
export interface EventRecord {
  readonly kind: string
  readonly origin: string | undefined
  readonly note: string | undefined
  readonly frontier: Frontier | undefined
  /** Of `lost`: the first record that may be missing. */
  readonly from: number | undefined
  /** Of `start`: the broken line that a crash left behind. */
  readonly torn: string | undefined
}

const OPEN_BRACE = 0x7b

/** Reads a line's link; undefined when it is no record of a chain. `prefix` must stand before it, or anything if `null`. */
export function linkOf(line: Buffer, prefix: string | null): Link | undefined {
  const start = line.indexOf(OPEN_BRACE)
  if (start < 0 || (prefix !== null && line.toString("utf8", 0, start) !== prefix)) return undefined
  const bytes = Buffer.allocUnsafe(1 + line.length - start)
  line.copy(bytes, 1, start)
  const record = objectOf(bytes.toString("utf8", 1))
  const chain = record === undefined ? undefined : fieldsOf(record.chain)
  if (record === undefined || chain === undefined) return undefined
  const { log, seq, prev } = chain
  const before = prev === "" ? "" : digestOf(prev)
  if (typeof log !== "string" || !Number.isSafeInteger(seq) || typeof seq !== "number" || before === undefined)
    return undefined
  const time = typeof record.time === "string" ? record.time : ""
  const link = { log, seq, prev: before, leaf: leafHash(bytes), time }
  return record.type === "chain" ? { ...link, event: eventOf(record, seq) } : link
}

function eventOf(record: Record<string, unknown>, seq: number): EventRecord {
  const { event, origin, note, frontier, from, torn } = record
  return {
    kind: typeof event === "string" ? event : "",
    origin: typeof origin === "string" ? origin : undefined,
    note: typeof note === "string" ? note : undefined,
    frontier: frontierOf(seq, frontier),
    from: typeof from === "number" ? from : undefined,
    torn: typeof torn === "string" ? torn : undefined,
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Remembers decoded values until the entry they came from changes. */

import type { Version } from "./view.ts"

export type Decode<T> = (value: Uint8Array) => T

interface Slot {
  readonly decode: Decode<unknown>
  readonly version: Version
  readonly decoded: unknown
  readonly bytes: number
  /** The same key decoded by something else. */
  readonly next: Slot | undefined
}

export interface MemoLimits {
  /** How many decoded values are kept. */
  readonly entries?: number
  /** How many bytes the encoded values behind them may have together. */
  readonly bytes?: number
}

export interface Remembered<T> {
  readonly version: Version
  readonly decoded: T
}

/**
 * A bounded cache of decoded values by key and decoder. Two generations stand for "least recently used": what was not
 * asked for since the last change of generation is dropped at the next one. A hit costs one look-up and writes nothing.
 */
export class Memo {
  readonly #entries: number
  readonly #bytes: number
  #young = new Map<string, Slot>()
  #old = new Map<string, Slot>()
  #youngBytes = 0

  constructor(limits: MemoLimits = {}) {
    this.#entries = Math.ceil((limits.entries ?? 20_000) / 2)
    this.#bytes = Math.ceil((limits.bytes ?? 64 * 1024 * 1024) / 2)
  }

  /** What `decode` made of `key`, and from which version; the caller compares that with the entry's. */
  find<T>(key: string, decode: Decode<T>): Remembered<T> | undefined {
    const young = slotOf(this.#young.get(key), decode)
    if (young !== undefined) return young as Remembered<T>
    const old = slotOf(this.#old.get(key), decode)
    if (old === undefined) return undefined
    this.#insert(key, old)
    return old as Remembered<T>
  }

  keep<T>(key: string, decode: Decode<T>, version: Version, bytes: number, decoded: T): void {
    const known = slotOf(this.#young.get(key), decode)
    // An older snapshot must not replace what newer ones use.
    if (known !== undefined && known.version >= version) return
    if (bytes > this.#bytes / 8) return
    this.#insert(key, { decode, version, decoded, bytes, next: undefined })
  }

  /** Forgets everything, as sealing asks for. */
  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#youngBytes = 0
  }

  #insert(key: string, slot: Slot): void {
    if (this.#young.size >= this.#entries || this.#youngBytes >= this.#bytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    const others = without(this.#young.get(key), slot.decode)
    this.#young.set(key, { ...slot, next: others })
    this.#youngBytes += slot.bytes
  }
}

function slotOf(slots: Slot | undefined, decode: Decode<unknown>): Slot | undefined {
  let slot = slots
  while (slot !== undefined && slot.decode !== decode) slot = slot.next
  return slot
}

/** The few slots of one key, without the one that is being replaced. */
function without(slots: Slot | undefined, decode: Decode<unknown>): Slot | undefined {
  if (slots === undefined) return undefined
  const rest = without(slots.next, decode)
  return slots.decode === decode ? rest : { ...slots, next: rest }
}

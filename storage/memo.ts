/** Remembers decoded values until the entry they came from changes. */

import type { Derive, Forking, Found, Maybe, Version, View } from "./view.ts"

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

/** What was made of one state of the store, with the view that read it. */
interface Derived {
  readonly compute: Derive<unknown>
  readonly value: unknown
  readonly fork: View & Forking
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
  #epoch: Version = -1
  #seen = new Map<string, Version>()
  #derived = new Map<string, Derived>()

  constructor(limits: MemoLimits = {}) {
    this.#entries = Math.ceil((limits.entries ?? 20_000) / 2)
    this.#bytes = Math.ceil((limits.bytes ?? 64 * 1024 * 1024) / 2)
  }

  /**
   * `decode` of the entry under `key`, as `find` finds it now; what was decoded before serves as long as the version is the same.
   * Answers at once when `find` does.
   */
  through<T>(
    key: string,
    decode: Decode<T>,
    find: (known: Version | undefined) => Maybe<Found | undefined>,
  ): Maybe<T | undefined> {
    const remembered = this.find(key, decode)
    const found = find(remembered?.version)
    return found instanceof Promise
      ? found.then(entry => this.#decoded(key, decode, remembered, entry))
      : this.#decoded(key, decode, remembered, found)
  }

  #decoded<T>(key: string, decode: Decode<T>, remembered: Remembered<T> | undefined, found: Found | undefined) {
    if (found === undefined) return undefined
    if (found.value === undefined) return remembered?.decoded
    const decoded = decode(found.value)
    if (found.version !== 0) this.keep(key, decode, found.version, found.value.length, decoded)
    return decoded
  }

  /**
   * The versions that views of the state `epoch` have found under keys. A new state begins with nothing known; an older one
   * than the newest gets no memory.
   */
  seenAt(epoch: Version): Map<string, Version> | undefined {
    return this.#isAt(epoch) && this.#seen.size < this.#entries ? this.#seen : undefined
  }

  /** What `compute` makes of the view's state, or made of it before. */
  derived<T>(view: View & Forking, compute: Derive<T>, name: string, key: string): Maybe<T> {
    const { epoch } = view
    if (epoch === undefined || !this.#isAt(epoch)) return compute(view, name)
    const known = this.#derived.get(key)
    if (known?.compute === compute) {
      view.join(known.fork)
      return known.value as T
    }
    const fork = view.fork()
    return compute(fork, name).then(value => {
      view.join(fork)
      if (epoch === this.#epoch && this.#derived.size < this.#entries) this.#derived.set(key, { compute, value, fork })
      return value
    })
  }

  /** Whether `epoch` is the newest state known; a newer one than that begins with nothing known. */
  #isAt(epoch: Version): boolean {
    if (epoch > this.#epoch) this.#begin(epoch)
    return epoch === this.#epoch
  }

  #begin(epoch: Version): void {
    this.#epoch = epoch
    this.#seen = new Map()
    this.#derived = new Map()
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
    this.#begin(-1)
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

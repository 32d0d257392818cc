/**
 * Reads in one round trip what a view is going to read. Requests that resemble each other read the same entries, one after
 * the other; over a network each costs a round trip. So a store remembers, by hints that the asker gives, what views have
 * read lately, and asks for all of it with the first read. What was asked for in vain is not part of what the view has read.
 */

import type { Found, Version } from "./view.ts"

/** An entry to fetch, and the version that the asker has already (0: none). */
export type Wanted = Map<string, Version>

/** How many hints are remembered, and how many entries are asked for at once. */
const HINTS = 20_000
const AT_ONCE = 64

/** What views have read, by their hints. Two generations stand for "least recently used", as in `memo.ts`. */
export class Foresight {
  #young = new Map<string, ReadonlyMap<string, Version>>()
  #old = new Map<string, ReadonlyMap<string, Version>>()

  /** What a view with these hints will probably read: that of the first hint that is known. */
  expected(hints: readonly string[]): ReadonlyMap<string, Version> {
    for (const hint of hints) {
      const found = this.#young.get(hint) ?? this.#old.get(hint)
      if (found !== undefined) return found
    }
    return NOTHING
  }

  learn(hints: readonly string[], read: ReadonlyMap<string, Version>): void {
    if (read.size === 0 || read.size > AT_ONCE) return
    for (const hint of hints) this.#young.set(hint, read)
    if (this.#young.size < HINTS / 2) return
    this.#old = this.#young
    this.#young = new Map()
  }
}

const NOTHING: ReadonlyMap<string, Version> = new Map()

/** The reads of one view: the first asks for what is expected besides. */
export class ReadAhead {
  readonly #foresight: Foresight
  readonly #hints: readonly string[]
  /** Fetches entries from the view's one state; those that are absent are left out. */
  readonly #fetch: (wanted: Wanted) => Promise<Map<string, Found>>
  readonly #read: Wanted = new Map()
  #wanted: Wanted | undefined
  #batch: Promise<Map<string, Found>> | undefined

  constructor(foresight: Foresight, hints: readonly string[], fetch: (wanted: Wanted) => Promise<Map<string, Found>>) {
    this.#foresight = foresight
    this.#hints = hints
    this.#fetch = fetch
  }

  async get(key: string, known: Version = 0): Promise<Found | undefined> {
    this.#read.set(key, known)
    if (this.#wanted === undefined) {
      this.#wanted = new Map(this.#foresight.expected(this.#hints)).set(key, known)
      this.#batch = this.#fetch(this.#wanted)
    }
    if (!this.#wanted.has(key)) return sparing((await this.#fetch(new Map([[key, known]]))).get(key), known)
    const found = (await this.#batch)?.get(key)
    if (found === undefined || found.value !== undefined || found.version === known) return sparing(found, known)
    // It was expected that the asker knows this version, and it does not any more.
    return sparing((await this.#fetch(new Map([[key, 0]]))).get(key), known)
  }

  /** Whether the view has asked for it: what was only foreseen binds nobody. */
  hasRead(key: string): boolean {
    return this.#read.has(key)
  }

  /** Remembers what this view has read, for the next one like it. */
  end(): void {
    this.#foresight.learn(this.#hints, this.#read)
  }
}

/** Without the value where the asker has it; else with a copy of its own. */
function sparing(found: Found | undefined, known: Version): Found | undefined {
  if (found?.value === undefined) return found
  return { version: found.version, value: found.version === known ? undefined : new Uint8Array(found.value) }
}

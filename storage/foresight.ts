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

/** What a view has read, or will. */
export interface Expected {
  readonly entries: ReadonlyMap<string, Version>
  /** Whether it lists as well, which takes more than one question. */
  readonly lists: boolean
}

/** What views have read, by their hints. Two generations stand for "least recently used", as in `memo.ts`. */
export class Foresight {
  #young = new Map<string, Expected>()
  #old = new Map<string, Expected>()

  /** What a view with these hints will probably read: that of the first hint that is known. */
  expected(hints: readonly string[]): Expected {
    for (const hint of hints) {
      const found = this.#young.get(hint) ?? this.#old.get(hint)
      if (found !== undefined) return found
    }
    return NOTHING
  }

  learn(hints: readonly string[], read: Expected): void {
    if (read.entries.size === 0 || read.entries.size > AT_ONCE) return
    for (const hint of hints) this.#young.set(hint, read)
    if (this.#young.size < HINTS / 2) return
    this.#old = this.#young
    this.#young = new Map()
  }
}

const NOTHING: Expected = { entries: new Map(), lists: false }

/** The reads of one view: the first asks for what is expected besides. */
export class ReadAhead {
  readonly #foresight: Foresight
  readonly #hints: readonly string[]
  /**
   * Fetches entries from the view's one state; those that are absent are left out. An entry that is at another version than the
   * one known may come without its value.
   */
  readonly #fetch: (wanted: Wanted) => Promise<Map<string, Found>>
  readonly #read: Wanted = new Map()
  /** What others have changed since the asker knew it. That will happen again: the next view asks for its value at once. */
  readonly #changing = new Set<string>()
  /** Whether the view has listed. */
  lists = false
  /** What was asked for so far, each with the answer it comes in. */
  readonly #fetching = new Map<string, Promise<Map<string, Found>>>()

  constructor(foresight: Foresight, hints: readonly string[], fetch: (wanted: Wanted) => Promise<Map<string, Found>>) {
    this.#foresight = foresight
    this.#hints = hints
    this.#fetch = fetch
  }

  async get(key: string, known: Version = 0): Promise<Found | undefined> {
    const found = await this.#found(key, known)
    if (known !== 0 && found?.version !== known) this.#changing.add(key)
    this.#read.set(key, found?.version === known ? known : 0)
    if (found?.value === undefined) return found
    return { version: found.version, value: found.version === known ? undefined : new Uint8Array(found.value) }
  }

  async #found(key: string, known: Version): Promise<Found | undefined> {
    this.#read.set(key, known)
    if (this.#fetching.size === 0) {
      const expected = new Map(this.#foresight.expected(this.#hints).entries)
      void this.#start(expected.get(key) === 0 ? expected : expected.set(key, known))
    }
    const found = (await (this.#fetching.get(key) ?? this.#start(new Map([[key, known]])))).get(key)
    if (found === undefined || found.value !== undefined || found.version === known) return found
    // It was expected that the asker knows this version, and it does not any more.
    return (await this.#start(new Map([[key, 0]]))).get(key)
  }

  #start(wanted: Wanted): Promise<Map<string, Found>> {
    const fetching = this.#fetch(wanted)
    for (const key of wanted.keys()) this.#fetching.set(key, fetching)
    return fetching
  }

  /** Whether the view has asked for it: what was only foreseen binds nobody. */
  hasRead(key: string): boolean {
    return this.#read.has(key)
  }

  /** Remembers what this view has read, for the next one like it: that changes `written`, too. */
  end(written: Iterable<string>): void {
    for (const key of [...this.#changing, ...written]) if (this.#read.has(key)) this.#read.set(key, 0)
    this.#foresight.learn(this.#hints, { entries: this.#read, lists: this.lists })
  }
}

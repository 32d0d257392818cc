/** A Storage around a Storage that changes values on their way in and out: what the barrier is made of. */

import { checkFolder, checkKey } from "./key.ts"
import { type Decode, Memo } from "./memo.ts"
import {
  type Derive,
  type Forking,
  type Found,
  type Maybe,
  momentOf,
  type Page,
  type Storage,
  type Version,
  type View,
} from "./view.ts"

/** How a value is stored. Both see the absolute key, so that a ciphertext can be bound to its place. Both may throw. */
export interface Codec {
  seal(key: string, plain: Uint8Array): Uint8Array
  open(key: string, sealed: Uint8Array): Uint8Array
}

/** Is told how long reads took, in the milliseconds of its own clock. Values that were known already are not read. */
export interface ReadTimer {
  clock(): number
  get(milliseconds: number): void
  list(milliseconds: number): void
}

/**
 * `view` with every value sealed on `put` and opened on `get`. `cached` remembers in `memo` what was decoded from the
 * opened value, by the version of the entry inside: a hit neither opens nor decodes. Clear `memo` when the keys are
 * dropped, and let the storage around refuse views from then on: a hit does not ask `codec`.
 */
export const mapView = (view: View, codec: Codec, memo: Memo, timer?: ReadTimer): View =>
  new MappedView(forking(view), codec, memo, "", timer)

function forking(view: View): View & Forking {
  if ("fork" in view) return view as View & Forking
  throw new TypeError("This view was opened by something that is no storage")
}

/** `storage` with all views mapped. Closing it closes `storage`. */
export function transformStorage(storage: Storage, codec: Codec, memo: Memo = new Memo(), timer?: ReadTimer): Storage {
  return {
    view: hints => mapView(storage.view(hints), codec, memo, timer),
    moment: () => {
      const inner = storage.moment()
      return momentOf(
        hints => mapView(inner.view(hints), codec, memo, timer),
        () => inner[Symbol.dispose](),
      )
    },
    commit: view => storage.commit(innerView(view)),
    changes: since => storage.changes(since),
    version: () => storage.version(),
    now: () => storage.now(),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

/** The view that `mapView` was given: what the storage inside can commit. */
export function innerView(view: View): View {
  if (!(view instanceof MappedView)) throw new TypeError("This view was opened by another storage")
  return view.inner
}

class MappedView implements View, Forking {
  /** Unscoped, so that `codec` sees absolute keys. */
  readonly inner: View & Forking
  readonly #codec: Codec
  readonly #memo: Memo
  readonly #prefix: string
  readonly #timer: ReadTimer | undefined

  constructor(inner: View & Forking, codec: Codec, memo: Memo, prefix: string, timer: ReadTimer | undefined) {
    this.inner = inner
    this.#codec = codec
    this.#memo = memo
    this.#prefix = prefix
    this.#timer = timer
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.entry(key))?.value
  }

  entry(key: string, known?: Version): Maybe<Found | undefined> {
    const path = this.#prefix + key
    const started = this.#timer?.clock() ?? 0
    const found = this.inner.entry(path, known)
    return found instanceof Promise
      ? found.then(entry => this.#opened(path, entry, started))
      : this.#opened(path, found, started)
  }

  cached<T>(key: string, decode: Decode<T>): Maybe<T | undefined> {
    return this.#memo.through(this.#prefix + key, decode, known => this.entry(key, known))
  }

  derived<T>(compute: Derive<T>, name: string): Maybe<T> {
    return this.#memo.derived(this, compute, name, this.#prefix + name)
  }

  get epoch(): Version | undefined {
    return this.inner.epoch
  }

  fork(): MappedView {
    return new MappedView(this.inner.fork(), this.#codec, this.#memo, this.#prefix, this.#timer)
  }

  join(fork: View & Forking): void {
    if (!(fork instanceof MappedView)) throw new TypeError("This view was opened by another storage")
    this.inner.join(fork.inner)
  }

  #opened(path: string, found: Found | undefined, started: number): Found | undefined {
    if (found?.value === undefined) return found
    const value = this.#codec.open(path, found.value)
    this.#timer?.get(this.#timer.clock() - started)
    return { version: found.version, value }
  }

  async list(prefix: string, page?: Page): Promise<string[]> {
    const started = this.#timer?.clock() ?? 0
    const names = await this.inner.list(this.#prefix + prefix, page)
    this.#timer?.list(this.#timer.clock() - started)
    return names
  }

  async keys(prefix: string, page?: Page): Promise<string[]> {
    const started = this.#timer?.clock() ?? 0
    const keys = await this.inner.keys(this.#prefix + prefix, page)
    this.#timer?.list(this.#timer.clock() - started)
    return keys
  }

  put(key: string, value: Uint8Array): void {
    const path = this.#prefix + key
    checkKey(path)
    this.inner.put(path, this.#codec.seal(path, value))
  }

  delete(key: string): void {
    this.inner.delete(this.#prefix + key)
  }

  scope(prefix: string): View {
    const folder = this.#prefix + prefix
    checkFolder(folder)
    return new MappedView(this.inner, this.#codec, this.#memo, folder, this.#timer)
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]()
  }
}

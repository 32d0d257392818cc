/** Bounds of a listing: only names strictly after `after`, strictly before `before`, at most `limit` of them. */
export interface Page {
  readonly after?: string
  readonly before?: string
  readonly limit?: number
}

/** A value, or a promise of it where it has to be waited for: `await` it. */
export type Maybe<T> = T | Promise<T>

/**
 * What an engine sees of the store: reads at one snapshot, writes kept aside until the request commits. It sees its own
 * writes. Everything read becomes part of the read set: the commit refuses when any of it has changed in between.
 */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  /**
   * `decode` of the value under `key`, remembered until the value changes: the way to read what is read by every request.
   * The decoded value is shared, so it must not be changed; `decode` must be a constant function (the memo is keyed by it).
   */
  cached<T>(key: string, decode: (value: Uint8Array) => T): Maybe<T | undefined>
  /** The children of a folder, in order: `a` for a leaf, `b/` for a folder. `prefix` is empty or ends in `/`. */
  list(prefix: string, page?: Page): Promise<string[]>
  /** All leaves below a folder, in order, relative to it: `a`, `b/c`. */
  keys(prefix: string, page?: Page): Promise<string[]>
  put(key: string, value: Uint8Array): void
  delete(key: string): void
  /** The same transaction, seen from below `prefix` (which ends in `/`). */
  scope(prefix: string): Store
}

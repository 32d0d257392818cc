/**
 * An ordered map that is never changed: each update makes a new one that shares what is the same. It is a sorted list of
 * short sorted chunks, so an update copies two short arrays, and keeping an old state costs nothing.
 */

import { compareKeys } from "./key.ts"

const CHUNK = 512

interface Chunk<V> {
  readonly keys: string[]
  readonly values: V[]
}

/** Sorted by byte order of the keys; no chunk is empty. */
export type Ordered<V> = readonly Chunk<V>[]

/** The value under `key`. */
export function lookup<V>(map: Ordered<V>, key: string): V | undefined {
  const chunk = map[chunkFor(map, key)]
  if (chunk === undefined) return undefined
  const at = firstAtLeast(chunk.keys, key)
  return chunk.keys[at] === key ? chunk.values[at] : undefined
}

/** The keys from `start` on, in order. */
export function* keysFrom<V>(map: Ordered<V>, start: string): Generator<string> {
  const first = chunkFor(map, start)
  for (let c = first; c < map.length; c++) {
    const keys = map[c]?.keys ?? []
    for (let at = c === first ? firstAtLeast(keys, start) : 0; at < keys.length; at++) yield keys[at] ?? ""
  }
}

/** `map` with each value put, or the key removed where the value is undefined. */
export function updated<V>(map: Ordered<V>, writes: Iterable<readonly [string, V | undefined]>): Ordered<V> {
  const chunks = [...map]
  const own = new Set<Chunk<V>>()
  for (const [key, value] of writes) {
    const at = chunkFor(chunks, key)
    const chunk = ownChunk(chunks, at, own)
    if (value === undefined) removeFrom(chunk, key)
    else putInto(chunk, key, value)
    if (chunk.keys.length === 0) chunks.splice(at, 1)
    else if (chunk.keys.length > CHUNK) split(chunks, at, own)
  }
  return chunks
}

/** The chunk at `at`, copied unless this update made it. */
function ownChunk<V>(chunks: Chunk<V>[], at: number, own: Set<Chunk<V>>): Chunk<V> {
  const shared = chunks[at] ?? { keys: [], values: [] }
  if (own.has(shared)) return shared
  const chunk = { keys: [...shared.keys], values: [...shared.values] }
  chunks[at] = chunk
  own.add(chunk)
  return chunk
}

function putInto<V>(chunk: Chunk<V>, key: string, value: V): void {
  const at = firstAtLeast(chunk.keys, key)
  if (chunk.keys[at] === key) {
    chunk.values[at] = value
    return
  }
  chunk.keys.splice(at, 0, key)
  chunk.values.splice(at, 0, value)
}

function removeFrom<V>(chunk: Chunk<V>, key: string): void {
  const at = firstAtLeast(chunk.keys, key)
  if (chunk.keys[at] !== key) return
  chunk.keys.splice(at, 1)
  chunk.values.splice(at, 1)
}

function split<V>(chunks: Chunk<V>[], at: number, own: Set<Chunk<V>>): void {
  const chunk = chunks[at]
  if (chunk === undefined) return
  const half = chunk.keys.length >> 1
  const right = { keys: chunk.keys.splice(half), values: chunk.values.splice(half) }
  own.add(right)
  chunks.splice(at + 1, 0, right)
}

/** The last chunk that starts at or before `key`; the first one when none does. */
function chunkFor<V>(map: Ordered<V>, key: string): number {
  let low = 0
  let high = map.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys(map[middle]?.keys[0] ?? "", key) <= 0) low = middle + 1
    else high = middle
  }
  return Math.max(low - 1, 0)
}

function firstAtLeast(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

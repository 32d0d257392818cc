/** A Storage around a Storage whose commits fail or take long, by a schedule that a seed decides: for tests. */

import type { Clock } from "./clock.ts"
import { Conflict, type Storage, StorageFailed, StorageUnavailable, type Version, type View } from "./view.ts"

/**
 * What may befall a commit.
 * - `conflict`: it is refused, as if another commit had come first.
 * - `lost`: it is made, but the answer is `StorageUnavailable`.
 * - `unavailable`: it is not made, and the answer is the same.
 * - `failed`: it is not made, nor is any later one (fail stop).
 */
export type Fault = "conflict" | "lost" | "unavailable" | "failed"

export interface FaultOptions {
  /** Equal seeds give equal schedules. */
  readonly seed: number
  /** How likely each fault befalls a commit, 0 to 1; together at most 1. */
  readonly chance?: Partial<Record<Fault, number>>
  /** Faults of certain commits, counted from 1, whatever the chances say. */
  readonly at?: ReadonlyMap<number, Fault>
  /** The longest delay before a commit, in seconds; each waits between nothing and that. */
  readonly delay?: number
  readonly clock: Clock
}

/** `storage` with faults. Views are those of `storage`. */
export function faultyStorage(storage: Storage, options: FaultOptions): Storage {
  const random = sequence(options.seed)
  let commits = 0
  let failed = false

  async function commit(view: View): Promise<Version> {
    commits += 1
    const dice = random()
    const fault = options.at?.get(commits) ?? drawn(options.chance ?? {}, dice)
    const delay = random() * (options.delay ?? 0)
    if (delay > 0) await options.clock.sleep(delay, new AbortController().signal)
    if (fault === "failed") failed = true
    if (failed) return refuse(view, new StorageFailed("The store could not write to the disk (injected)"))
    if (fault === "conflict") return refuse(view, new Conflict("Something that was read was changed (injected)"))
    if (fault === "unavailable") return refuse(view, new StorageUnavailable("The store did not answer (injected)"))
    const version = await storage.commit(view)
    if (fault === "lost") throw new StorageUnavailable("The store did not answer; the commit was made (injected)")
    return version
  }

  return {
    view: hints => storage.view(hints),
    moment: () => storage.moment(),
    commit,
    changes: since => storage.changes(since),
    version: () => storage.version(),
    now: () => storage.now(),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

function refuse(view: View, error: Error): never {
  view[Symbol.dispose]()
  throw error
}

/** The fault whose share of the numbers from 0 to 1 `dice` falls into. */
function drawn(chance: Partial<Record<Fault, number>>, dice: number): Fault | undefined {
  let below = 0
  for (const fault of ["conflict", "lost", "unavailable", "failed"] as const) {
    below += chance[fault] ?? 0
    if (dice < below) return fault
  }
  return undefined
}

/** Numbers from 0 to 1 that only `seed` decides (the mulberry32 generator). */
export function sequence(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

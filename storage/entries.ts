/** What lies behind a view: all entries of its state, for backups, and what it has read and written. */

import { Transaction } from "./transaction.ts"
import { innerView } from "./transform.ts"
import type { View } from "./view.ts"

/** Whether committing `view`, of the store or through a barrier, would write anything. */
export function hasWrites(view: View): boolean {
  const inner = behind(view)
  return inner instanceof Transaction && inner.writes.size > 0
}

/** Counts what `later` has read as read by `view`, which was opened before it by the same storage: none of it may have changed at the commit. */
export function countReads(view: View, later: View): void {
  const [inner, other] = [behind(view), behind(later)]
  if (!(inner instanceof Transaction && other instanceof Transaction)) throw new TypeError("This view has no reads")
  inner.join(other)
}

const behind = (view: View): View => (view instanceof Transaction ? view : innerView(view))

export interface StoredEntry {
  readonly key: string
  readonly value: Uint8Array
}

/** Entries that are read at the same time. */
const PAGE = 256

/**
 * Every entry of the state that `view` shows, in the order of keys, as it lies in the store. Unlike reads through the view
 * these are not remembered, so a store of any size can be walked; the view's own writes are not among them.
 * `view` is one of the store itself, not one through the barrier.
 */
export async function* entriesOf(view: View): AsyncGenerator<StoredEntry> {
  if (!(view instanceof Transaction)) throw new TypeError("Entries are read from a view of the store itself")
  const { snapshot } = view
  for (let after: string | undefined; ; ) {
    const keys: readonly string[] = await snapshot.names("keys", "", {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    const found = await Promise.all(keys.map(key => snapshot.get(key)))
    for (const [index, key] of keys.entries()) {
      const value = found[index]?.value
      if (value === undefined) throw new Error(`the entry ${JSON.stringify(key)} vanished from a snapshot`)
      yield { key, value }
    }
    if (keys.length < PAGE) return
    after = keys.at(-1)
  }
}

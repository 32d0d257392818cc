/** Group commit: commits that arrive while one group is being made durable form the next. */

import type { Snapshot, Transaction } from "./transaction.ts"
import { StorageFailed, type Version } from "./view.ts"

/** A commit that waits for its turn, or for the disk. */
export interface Waiting<S extends Snapshot> {
  readonly transaction: Transaction<S>
  readonly done: PromiseWithResolvers<Version>
}

/**
 * Runs one group at a time. `commitGroup` is called while commits wait; it takes at least one of them off the list, may
 * take those that arrive until it has to decide, and settles each one it took. It does not throw.
 */
export class CommitQueue<S extends Snapshot> {
  readonly #commitGroup: (waiting: Waiting<S>[]) => Promise<void>
  readonly #waiting: Waiting<S>[] = []
  #running: Promise<void> | undefined
  #open = true

  constructor(commitGroup: (waiting: Waiting<S>[]) => Promise<void>) {
    this.#commitGroup = commitGroup
  }

  add(transaction: Transaction<S>): Promise<Version> {
    if (!this.#open) return Promise.reject(new StorageFailed("The store is closed"))
    const done = Promise.withResolvers<Version>()
    this.#waiting.push({ transaction, done })
    this.#running ??= this.#run()
    return done.promise
  }

  /** Refuses new commits, and resolves when those under way are done. */
  async close(): Promise<void> {
    this.#open = false
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commitGroup(this.#waiting)
    this.#running = undefined
  }
}

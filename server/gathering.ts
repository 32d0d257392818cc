/** Requests that were received in one turn of the event loop see one state of the store, taken when all of them are there. */

import type { Moment, Storage } from "@arca/storage"

/** Answers all who ask in this turn with the same moment, which they must use at once. */
export type Gathering = () => Promise<Moment>

export function gathering(storage: Pick<Storage, "moment">): Gathering {
  let waiting: PromiseWithResolvers<Moment> | undefined
  const together = (): void => {
    const moment = storage.moment()
    waiting?.resolve(moment)
    waiting = undefined
    // Comes after all that was waited for.
    queueMicrotask(() => moment[Symbol.dispose]())
  }
  return () => {
    if (waiting === undefined) {
      waiting = Promise.withResolvers()
      setImmediate(together)
    }
    return waiting.promise
  }
}

import { Conflict, type Maybe, type View } from "@arca/storage"
import type { Server } from "./server.ts"

/** More conflicts in a row than this are a bug, not bad luck. */
const MAX_TRIES = 50

/** Runs `change` in a transaction, again after a conflict. */
export async function transact<T>(server: Server, change: (view: View) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    using view = server.storage.view()
    try {
      const result = await change(view)
      await server.storage.commit(view)
      return result
    } catch (error) {
      if (!(error instanceof Conflict) || attempt >= MAX_TRIES) throw error
    }
  }
}

/** Reads at one snapshot. */
export async function reading<T>(server: Server, read: (view: View) => Maybe<T>): Promise<T> {
  using view = server.storage.view()
  return await read(view)
}

import { UnknownTerm } from "@arca/crypto/keyring"
import { Conflict, type Maybe, type View } from "@arca/storage"
import type { Server } from "./server.ts"

/** More conflicts in a row than this are a bug, not bad luck. */
const MAX_TRIES = 50

/** Runs `change` in a transaction, again after a conflict. */
export async function transact<T>(server: Server, change: (view: View) => Maybe<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    using view = server.storage.view()
    try {
      const result = await change(view)
      await server.storage.commit(view)
      return result
    } catch (error) {
      // Another node has rotated the keyring since this one read it.
      if (error instanceof UnknownTerm && attempt === 1) await server.seal.barrier.reload()
      else if (!(error instanceof Conflict) || attempt >= MAX_TRIES) throw error
    }
  }
}

/** Reads at one snapshot; at another when the store cannot keep up the first. */
export const reading = <T>(server: Server, read: (view: View) => Maybe<T>): Promise<T> => transact(server, read)

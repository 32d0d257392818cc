/**
 * Sealing every node at once: a number in the store that grows. A node remembers the one it was unsealed under, reads it
 * with each request, and seals itself before it answers when it is another.
 */

import { refuse } from "@arca/api"
import { type Maybe, orElse, type View } from "@arca/storage"
import { layout } from "../layout.ts"
import type { Server } from "../server.ts"
import { reading } from "../transact.ts"

const decode = (value: Uint8Array): number => Number(new TextDecoder().decode(value))

/** How often all nodes were sealed at once. */
export const sealEpoch = (view: View): Maybe<number> => orElse(view.cached(layout.sealEpoch, decode), 0)

/** Makes every node seal itself, with the commit of `view`. */
export async function sealAll(view: View): Promise<void> {
  view.put(layout.sealEpoch, new TextEncoder().encode(String((await sealEpoch(view)) + 1)))
}

export interface SealFollower {
  /** Called when this process was unsealed. */
  opened(server: Server): Promise<void>
  /** Refuses the request (503) when all nodes were sealed since: `epoch` is what the request found in the store. */
  follow(server: Server, epoch: number): Promise<never> | undefined
}

export function sealFollower(): SealFollower {
  let unsealedUnder = 0
  return {
    opened: async server => {
      unsealedUnder = await reading(server, async view => sealEpoch(view))
    },
    follow: (server, epoch) => (epoch === unsealedUnder ? undefined : sealItself(server)),
  }
}

async function sealItself(server: Server): Promise<never> {
  server.log.warn("all nodes were sealed; this one seals itself")
  await server.seal.close()
  throw refuse.unavailable("Vault is sealed")
}

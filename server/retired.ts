/**
 * Mounts that were disabled and live on, unseen, until nothing hangs on them. A request that was making a credential when its mount
 * was disabled fails at its commit, and then undoes what it did outside: for that it needs the mount's configuration. So the
 * data is erased when the last lease is gone; a crash in between is finished by the background work.
 */

import { eraseRange } from "./erase.ts"
import { layout } from "./layout.ts"
import { endLeft } from "./lease-range.ts"
import type { LeaseState } from "./leases.ts"
import { forgetRetired, retiredMount } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"
import { tryAll } from "./try-all.ts"

/** How many names are read at a time. */
const PAGE = 100

/** Finishes what is left of disabled mounts, as far as that can be done now. */
export async function finishRetired(server: Server): Promise<void> {
  await tryAll(retiredBelow(server, ""), name => {
    const [namespaceId = "", uuid = ""] = name.split("/")
    return erase(server, namespaceId, uuid, ["active"])
  })
}

/** Finishes what was mounted at a path before, so that nobody is told it is gone while its leases are not. */
export async function finishRetiredAt(server: Server, { id }: Namespace, path: string): Promise<void> {
  for await (const uuid of retiredBelow(server, `${id}/`)) {
    const entry = await reading(server, view => retiredMount(view, id, uuid))
    if (entry?.path === path) await endRetired(server, id, uuid)
  }
}

/** Whether any disabled mount lives on. */
export const anyRetired = async (server: Server): Promise<boolean> =>
  (await reading(server, view => view.keys(layout.retired, { limit: 1 }))).length > 0

async function* retiredBelow(server: Server, prefix: string): AsyncGenerator<string> {
  for (let after: string | undefined; ; ) {
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) }
    const names = await reading(server, view => view.keys(layout.retired + prefix, page))
    yield* names
    if (names.length < PAGE) return
    after = names.at(-1)
  }
}

/** For a request that disables a mount: throws when a lease cannot be revoked, and waits for those that others revoke. */
export const endRetired = (server: Server, namespaceId: string, uuid: string): Promise<void> =>
  erase(server, namespaceId, uuid, ["active", "revoking"])

/** Erases the data of a disabled mount, unless leases hang on it still; those in the given states are revoked. */
async function erase(server: Server, namespaceId: string, uuid: string, states: readonly LeaseState[]): Promise<void> {
  const entry = await reading(server, async view => {
    const there = (await namespaceTable(view)).byId.has(namespaceId)
    return there ? retiredMount(view, namespaceId, uuid) : undefined
  })
  // Another mount may be at its path by now, with leases of its own.
  const left = entry && (await endLeft(server, namespaceId, entry.path, states, ({ mount }) => mount === uuid))
  if (left !== undefined && left.size > 0) return
  await server.resources.close(`${uuid}/`)
  await eraseRange(server, layout.namespace(namespaceId) + layout.mount(uuid))
  await transact(server, async view => forgetRetired(view, namespaceId, uuid))
}

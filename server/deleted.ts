/**
 * Namespaces that were deleted and live on, unseen, until nothing hangs on them: what they issued is revoked first, and for that
 * their mounts are needed. Then everything in them is erased, and their path is free again. A crash in between is finished by the
 * background work.
 */

import { eraseRange } from "./erase.ts"
import { layout } from "./layout.ts"
import { endLeft } from "./lease-range.ts"
import type { LeaseState } from "./leases.ts"
import { mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable, writeNamespaces } from "./namespaces.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"
import { tryAll } from "./try-all.ts"

/** Those that are being deleted. */
export const deletedNamespaces = (server: Server): Promise<Namespace[]> =>
  reading(server, async view => (await namespaceTable(view)).all.filter(one => one.deleting))

/** Finishes what is left of deleted namespaces, as far as that can be done now. */
export async function finishDeleted(server: Server): Promise<void> {
  await tryAll(await deletedNamespaces(server), one => erase(server, one, ["active"]))
}

/** For a request that deletes a namespace: throws when a lease cannot be revoked, and waits for those that others revoke. */
export const endDeleted = (server: Server, one: Namespace): Promise<void> => erase(server, one, ["active", "revoking"])

/** Erases all of a deleted namespace, unless leases hang on it still; those in the given states are revoked. */
async function erase(server: Server, one: Namespace, states: readonly LeaseState[]): Promise<void> {
  const left = await endLeft(server, one.id, "", states)
  if (left.has("prepared") || left.has("revoking")) return
  // Nobody can ask for them any more, by force or otherwise.
  if (left.has("irrevocable"))
    server.log.error("a namespace is erased with leases that could not be revoked: what they issued may live on", {
      namespace: one.path,
    })
  const { all: mounts } = await reading(server, view => mountTable(view, one))
  for (const { uuid } of mounts) await server.resources.close(`${uuid}/`)
  await eraseRange(server, layout.namespace(one.id))
  await eraseRange(server, `${layout.retired}${one.id}/`)
  await transact(server, async view => {
    const { all } = await namespaceTable(view)
    writeNamespaces(
      view,
      all.filter(({ id }) => id !== one.id),
    )
  })
}

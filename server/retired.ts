/**
 * Mounts that were disabled and live on, unseen, until nothing hangs on them. A request that was making a credential when its mount
 * was disabled fails at its commit, and then undoes what it did outside: for that it needs the mount's configuration. So the
 * data is erased when the last lease is gone; a crash in between is finished by the background work.
 */

import type { View } from "@arca/storage"
import { eraseRange } from "./erase.ts"
import { layout } from "./layout.ts"
import { type LeaseEntry, leaseIds, readLease } from "./leases.ts"
import { forgetRetired, type MountEntry, retiredMount } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import { revokeLease } from "./revocation.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

/** How many are looked at in a round. */
const ROUND = 100

/** Finishes what is left of disabled mounts, as far as that can be done now. */
export async function finishRetired(server: Server): Promise<void> {
  for (const name of await retiredNames(server)) {
    const [namespaceId = "", uuid = ""] = name.split("/")
    await erase(server, namespaceId, uuid, ["active"])
  }
}

/** Finishes what was mounted at a path before, so that nobody is told it is gone while its leases are not. */
export async function finishRetiredAt(server: Server, { id }: Namespace, path: string): Promise<void> {
  const uuids = await reading(server, async view => {
    const names = await view.keys(`${layout.retired}${id}/`, { limit: ROUND })
    const entries = await Promise.all(names.map(async uuid => retiredMount(view, id, uuid)))
    return names.filter((_, at) => entries[at]?.path === path)
  })
  for (const uuid of uuids) await endRetired(server, id, uuid)
}

export const retiredNames = (server: Server): Promise<string[]> =>
  reading(server, view => view.keys(layout.retired, { limit: ROUND }))

/** For a request that disables a mount: throws when a lease cannot be revoked, and waits for those that others revoke. */
export const endRetired = (server: Server, namespaceId: string, uuid: string): Promise<void> =>
  erase(server, namespaceId, uuid, ["active", "revoking"])

type States = readonly LeaseEntry["state"][]

/** Erases the data of a disabled mount, unless leases hang on it still; those in the given states are revoked. */
async function erase(server: Server, namespaceId: string, uuid: string, states: States): Promise<void> {
  const entry = await reading(server, async view => {
    const there = (await namespaceTable(view)).byId.has(namespaceId)
    return there ? retiredMount(view, namespaceId, uuid) : undefined
  })
  if (entry !== undefined && (await hasLeases(server, namespaceId, entry, states))) return
  await server.resources.close(`${uuid}/`)
  await eraseRange(server, layout.namespace(namespaceId) + layout.mount(uuid))
  await transact(server, async view => forgetRetired(view, namespaceId, uuid))
}

const STEP = 500

/**
 * Whether leases are left. There can be no new ones. Those in the given states are revoked, as one may have become active at the
 * last moment; one that a request has prepared is its own business, or that of the expiry job if the request is no more.
 */
async function hasLeases(server: Server, namespaceId: string, entry: MountEntry, states: States): Promise<boolean> {
  let left = false
  for (let after: string | undefined; ; ) {
    const page = await reading(server, view => leasesBelow(view, namespaceId, entry.path, after))
    for (const lease of page.leases.filter(({ mount }) => mount === entry.uuid)) {
      if (states.includes(lease.state)) await revokeLease(server, lease)
      else left = true
    }
    if (page.last === undefined) return left
    after = page.last
  }
}

/** The next leases below a path, and the name of the last. Another mount may be there by now, with leases of its own. */
async function leasesBelow(view: View, namespace: string, path: string, after: string | undefined) {
  const names = await leaseIds(view, namespace, path, { limit: STEP, ...(after === undefined ? {} : { after }) })
  const leases: LeaseEntry[] = []
  for (const name of names) {
    const lease = await readLease(view, namespace, path + name)
    if (lease !== undefined) leases.push(lease)
  }
  return { leases, last: names.at(-1) }
}

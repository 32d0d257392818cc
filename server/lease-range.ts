/** Ending all leases below a path, or all tokens of an auth mount. */

import type { View } from "@arca/storage"

import { inParallel } from "./expiry.ts"
import { layout } from "./layout.ts"
import { type LeaseEntry, type LeaseState, leaseIds, readLease } from "./leases.ts"
import type { Namespace } from "./namespaces.ts"
import { revokeLease, revokeSoon, revokeToken } from "./revocation.ts"
import type { Server } from "./server.ts"
import { readToken, type TokenEntry } from "./tokens.ts"
import { reading } from "./transact.ts"

const STEP = 500
/** How many are ended at the same time. */
const CONCURRENCY = 32

export interface RangeOptions {
  /** Forget a lease even if its outside effect cannot be undone. */
  readonly force: boolean
  /** Only mark them: the expiry job ends them. */
  readonly soon?: boolean
  /** Leave those alone that a request is making just now. */
  readonly sparePrepared?: boolean
  /** Which tokens end as well: those that logins of a mount made, or those made below a path. */
  readonly tokens: ((token: TokenEntry) => boolean) | undefined
}

/** Revokes every lease whose id begins with `prefix`. Throws the first failure, after having tried them all. */
export async function revokeByPrefix(
  server: Server,
  namespace: Namespace,
  prefix: string,
  options: RangeOptions,
): Promise<number> {
  let count = 0
  const failures: unknown[] = []
  for await (const leases of pagesBelow(server, namespace.id, prefix)) {
    const meant = options.sparePrepared ? leases.filter(({ state }) => state !== "prepared") : leases
    await inParallel(meant, CONCURRENCY, async lease => {
      const ended = options.soon ? revokeSoon(server, lease) : revokeLease(server, lease, { force: options.force })
      await ended.then(
        () => count++,
        (error: unknown) => failures.push(error),
      )
    })
  }
  if (options.tokens !== undefined) count += await revokeTokensOf(server, namespace, options.tokens)
  if (failures.length > 0) throw failures[0]
  return count
}

/**
 * Ends what is left below a path that makes no new leases any more: those in the given states, one after another. Tells in which
 * states there are others still: what a request has prepared is its own business, or that of the expiry job if the request is no
 * more.
 */
export async function endLeft(
  server: Server,
  namespaceId: string,
  prefix: string,
  states: readonly LeaseState[],
  meant: (lease: LeaseEntry) => boolean = () => true,
): Promise<ReadonlySet<LeaseState>> {
  const left = new Set<LeaseState>()
  for await (const leases of pagesBelow(server, namespaceId, prefix)) {
    for (const lease of leases.filter(meant)) {
      if (states.includes(lease.state)) await revokeLease(server, lease)
      else left.add(lease.state)
    }
  }
  return left
}

/** The leases whose ids begin with `prefix`, each page as it is when it is asked for. */
async function* pagesBelow(server: Server, namespaceId: string, prefix: string): AsyncGenerator<LeaseEntry[]> {
  for (let after: string | undefined; ; ) {
    const { leases, last } = await reading(server, view => pageOf(view, namespaceId, prefix, after))
    yield leases
    if (last === undefined) return
    after = last
  }
}

/** The next leases, and the name of the last one looked at. The prefix may end inside a name. */
async function pageOf(view: View, namespaceId: string, prefix: string, after: string | undefined) {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1)
  const names = await leaseIds(view, namespaceId, folder, { limit: STEP, ...(after === undefined ? {} : { after }) })
  const leases = await Promise.all(
    names.filter(name => (folder + name).startsWith(prefix)).map(name => readLease(view, namespaceId, folder + name)),
  )
  return { leases: leases.filter(lease => lease !== undefined), last: names.at(-1) }
}

async function revokeTokensOf(
  server: Server,
  namespace: Namespace,
  meant: (token: TokenEntry) => boolean,
): Promise<number> {
  let after: string | undefined
  let count = 0
  for (;;) {
    using view = server.storage.view()
    const ids = await view
      .scope(layout.namespace(namespace.id))
      .list(layout.token, { limit: STEP, ...(after === undefined ? {} : { after }) })
    for (const id of ids) {
      const token = await readToken(view, namespace.id, id)
      if (token === undefined || !meant(token)) continue
      await revokeToken(server, token)
      count++
    }
    if (ids.length < STEP) return count
    after = ids.at(-1)
  }
}

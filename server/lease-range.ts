/** Ending all leases below a path, or all tokens of an auth mount. */

import { inParallel } from "./expiry.ts"
import { layout } from "./layout.ts"
import { type LeaseEntry, leaseIds, readLease } from "./leases.ts"
import type { Namespace } from "./namespaces.ts"
import { revokeLease, revokeSoon, revokeToken } from "./revocation.ts"
import type { Server } from "./server.ts"
import { readToken, type TokenEntry } from "./tokens.ts"

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
  for (let after: string | undefined; ; ) {
    const { leases, last } = await step(server, namespace, prefix, after)
    const meant = options.sparePrepared ? leases.filter(({ state }) => state !== "prepared") : leases
    await inParallel(meant, CONCURRENCY, async lease => {
      const ended = options.soon ? revokeSoon(server, lease) : revokeLease(server, lease, { force: options.force })
      await ended.then(
        () => count++,
        (error: unknown) => failures.push(error),
      )
    })
    if (last === undefined) break
    after = last
  }
  if (options.tokens !== undefined) count += await revokeTokensOf(server, namespace, options.tokens)
  if (failures.length > 0) throw failures[0]
  return count
}

/** The folder of a prefix that may end inside a name. */
const folderOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf("/") + 1)

async function step(
  server: Server,
  namespace: Namespace,
  prefix: string,
  after: string | undefined,
): Promise<{ leases: LeaseEntry[]; last: string | undefined }> {
  using view = server.storage.view()
  const folder = folderOf(prefix)
  const names = await leaseIds(view, namespace.id, folder, { limit: STEP, ...(after === undefined ? {} : { after }) })
  const leases = await Promise.all(
    names.filter(name => (folder + name).startsWith(prefix)).map(name => readLease(view, namespace.id, folder + name)),
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

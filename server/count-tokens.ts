/** Counting tokens that were made while there was no lease-count quota: each is entered where quotas look for it, once. */

import { layout } from "./layout.ts"
import { isCounted, leaseQuotaTable, placeOfToken, writeLeaseQuotas } from "./lease-quotas.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import type { Server } from "./server.ts"
import { readToken, type TokenEntry, writeToken } from "./tokens.ts"
import { reading, transact } from "./transact.ts"

const STEP = 20
const PAGE = 1000

/** Enters all tokens; new ones enter themselves as soon as there is a quota. What a crash leaves the next change of a quota does. */
export async function countTokens(server: Server): Promise<void> {
  const { quotas, tokensCounted } = await reading(server, leaseQuotaTable)
  if (quotas.length === 0 || tokensCounted) return
  const { all } = await reading(server, namespaceTable)
  for (const namespace of all) await countTokensOf(server, namespace)
  await transact(server, async view => {
    const table = await leaseQuotaTable(view)
    if (table.quotas.length > 0) writeLeaseQuotas(view, { ...table, tokensCounted: true })
  })
}

async function countTokensOf(server: Server, namespace: Namespace): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) }
    const ids = await reading(server, view => view.scope(layout.namespace(namespace.id)).keys(layout.token, page))
    for (let from = 0; from < ids.length; from += STEP) {
      await transact(server, async view => {
        for (const id of ids.slice(from, from + STEP)) {
          const token = await readToken(view, namespace.id, id)
          if (token === undefined || token.countedAt !== undefined || !isCounted(token.policies, token.expiresAt))
            continue
          await writeToken(view, { ...token, countedAt: placeOfToken(token.path, roleOf(token)) }, token)
        }
      })
    }
    if (ids.length < PAGE) return
    after = ids.at(-1)
  }
}

/** The role, as far as a token that was not counted tells it. */
const roleOf = ({ role, meta }: TokenEntry): string => role || meta?.role_name || meta?.role || ""

/** What every request stands on, whatever it asks for. */

import type { View } from "@arca/storage"
import { type AuditEntry, auditedHeaders, auditTable, type HeaderRules } from "./audit-table.ts"
import { type NamespaceTable, namespaceTable } from "./namespaces.ts"
import { type RateLimit, rateLimits } from "./quotas.ts"
import { sealEpoch } from "./seal/cluster-seal.ts"

export interface Ground {
  readonly sealEpoch: number
  readonly devices: readonly AuditEntry[]
  readonly headers: HeaderRules
  readonly namespaces: NamespaceTable
  readonly limits: readonly RateLimit[]
}

/** The ground in the state of a view: read once for each state of the store, by `view.derived`. */
export const groundOf = async (view: View): Promise<Ground> => ({
  sealEpoch: await sealEpoch(view),
  devices: await auditTable(view),
  headers: await auditedHeaders(view),
  namespaces: await namespaceTable(view),
  limits: await rateLimits(view),
})

/** `sys/storage/rollback`: what the audit logs know that the store does not, and entries that were changed behind the server. */

import { field, type JsonObject } from "@arca/api"
import { acceptRollbacks, type Rollback, rollbacks } from "../rollback.ts"
import { sysRoute } from "./route.ts"

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString()

function shown(one: Rollback): JsonObject {
  const found_at = timeOf(one.foundAt)
  if ("entries" in one) return { found_at, entries: { ...one.entries } }
  const { origin, was, is } = one
  return {
    found_at,
    origin,
    held: { opening: was.opening, records: was.size },
    holds: { opening: is.opening, records: is.size },
  }
}

export const rollbackRoutes = [
  sysRoute("storage/rollback", {
    summary:
      "Older copies of the store that were found in the place of newer ones, by what the audit logs say it held; accept them, so that health checks are silent again.",
    operation: { read: "storage-read-rollbacks", delete: "storage-accept-rollbacks" },
    replies: {
      read: {
        found: field.any(
          "For each log that knew more: found_at, origin (cluster, node, worker and device), what the store held of it (opening, records), and what it holds; or `entries`, how many mounts, policies, quotas and audit devices were expected and found.",
        ),
      },
      delete: {},
    },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => {
      const all = await rollbacks(ctx.view)
      if (all.length === 0) return undefined
      return { data: { found: all.map(shown) } }
    },
    delete: (_, ctx) => {
      ctx.afterCommit(() => acceptRollbacks(ctx.server))
      return undefined
    },
  }),
]

/** `sys/storage/rollback`: what the audit logs know that the store does not. */

import { field } from "@arca/api"
import { acceptRollbacks, rollbacks } from "../rollback.ts"
import { sysRoute } from "./route.ts"

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString()

export const rollbackRoutes = [
  sysRoute("storage/rollback", {
    summary:
      "Older copies of the store that were found in the place of newer ones, by what the audit logs say it held; accept them, so that health checks are silent again.",
    operation: { read: "storage-read-rollbacks", delete: "storage-accept-rollbacks" },
    replies: {
      read: {
        found: field.any(
          "For each log that knew more: found_at, origin (cluster, node, worker and device), what the store held of it (opening, records), and what it holds.",
        ),
      },
      delete: {},
    },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => {
      const all = await rollbacks(ctx.view)
      if (all.length === 0) return undefined
      const found = all.map(({ foundAt, origin, was, is }) => ({
        found_at: timeOf(foundAt),
        origin,
        held: { opening: was.opening, records: was.size },
        holds: { opening: is.opening, records: is.size },
      }))
      return { data: { found } }
    },
    delete: async (_, ctx) => {
      acceptRollbacks(ctx.view)
      ctx.afterCommit(() => ctx.server.rollback.refresh(ctx.server))
      return undefined
    },
  }),
]

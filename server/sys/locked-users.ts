/** `sys/locked-users`: names that are locked out after failed logins. */

import { field, type JsonObject } from "@arca/api"
import { lockedNames, unlock } from "../lockout.ts"
import { mountTable } from "../mounts.ts"
import { isWithin, type Namespace, namespaceTable } from "../namespaces.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "./route.ts"

interface LockedNamespace {
  readonly namespace_id: string
  readonly namespace_path: string
  readonly counts: number
  readonly mount_accessors: { mount_accessor: string; counts: number; alias_identifiers: string[] }[]
}

async function lockedIn(ctx: ServerContext, namespace: Namespace, accessor: string): Promise<LockedNamespace> {
  const { byAccessor } = await mountTable(ctx.view, namespace)
  const names = await lockedNames(ctx.view, namespace, ctx.now, one => {
    const entry = byAccessor.get(one)
    return entry && ctx.server.lockout.rule(entry)
  })
  const mounts = [...names]
    .filter(([one]) => accessor === "" || one === accessor)
    .map(([one, found]) => ({ mount_accessor: one, counts: found.length, alias_identifiers: found.sort() }))
    .sort((a, b) => b.counts - a.counts)
  return {
    namespace_id: namespace.id,
    namespace_path: namespace.path,
    counts: mounts.reduce((sum, one) => sum + one.counts, 0),
    mount_accessors: mounts,
  }
}

export const lockedUserRoutes = [
  sysRoute("locked-users", {
    summary: "The names that are locked out after failed logins, here and in the namespaces below.",
    fields: {
      mount_accessor: field.string("Only those of this auth mount, of this namespace.", {
        default: "",
        query: true,
        plain: true,
      }),
    },
    read: async ({ mount_accessor: accessor }, ctx) => {
      const all = (await namespaceTable(ctx.view)).all.filter(one => isWithin(one, ctx.namespace))
      const asked =
        accessor === "" ? [ctx.namespace, ...all.filter(one => one.id !== ctx.namespace.id)] : [ctx.namespace]
      const found = await Promise.all(asked.map(one => lockedIn(ctx, one, accessor)))
      const byNamespace = found.sort((a, b) => b.counts - a.counts)
      return {
        data: {
          by_namespace: byNamespace as unknown as JsonObject[],
          total: byNamespace.reduce((sum, one) => sum + one.counts, 0),
        },
      }
    },
  }),
  sysRoute("locked-users/:mount_accessor/unlock/:alias_identifier", {
    summary: "Let a locked name log in again.",
    fields: {
      mount_accessor: field.string("The accessor of the auth mount.", { plain: true }),
      alias_identifier: field.string("The name, as it was given to the login.", { pattern: ".+" }),
    },
    write: async ({ mount_accessor: accessor, alias_identifier: name }, ctx) => {
      await unlock(ctx.view, ctx.namespace, accessor ?? "", name ?? "")
      return undefined
    },
  }),
]

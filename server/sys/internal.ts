/** `sys/internal` and its neighbours: what support tools and older clients of Vault ask for. */

import { field, type JsonObject, refuse } from "@arca/api"
import { layout } from "../layout.ts"
import { mountTable } from "../mounts.ts"
import { namespaceTable } from "../namespaces.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "./route.ts"

/** Which engine answers under which path, in all namespaces: what Vault's router would show. */
async function routerRecords(ctx: ServerContext, tag: string): Promise<JsonObject[]> {
  const records: JsonObject[] = []
  for (const namespace of (await namespaceTable(ctx.view)).all) {
    for (const entry of (await mountTable(ctx.view, namespace)).all) {
      const common = {
        uuid: entry.uuid,
        accessor: entry.accessor,
        mount_namespace: namespace.path,
        mount_path: entry.path,
        mount_type: entry.type,
      }
      if (tag === "uuid" || tag === "accessor") records.push(common)
      else
        records.push({
          ...common,
          tainted: false,
          storage_prefix: layout.namespace(namespace.id) + layout.mount(entry.uuid),
        })
    }
  }
  return records
}

const TAGS = ["root", "uuid", "accessor", "storage"]

/** Nobody counts clients here. */
const activityFields = {
  start_time: field.string("Accepted for compatibility.", { query: true, plain: true }),
  end_time: field.string("Accepted for compatibility.", { query: true, plain: true }),
}

export const internalRoutes = [
  sysRoute("internal/inspect/router/:tag", {
    summary: "Which engine answers under which path, when `introspection_endpoint = true` is configured.",
    fields: { tag: field.string("root, uuid, accessor or storage.", { plain: true }) },
    sudo: true,
    rootOnly: true,
    read: async ({ tag }, ctx) => {
      if (!ctx.server.facts.introspection)
        throw refuse.invalid(
          'The Vault Configuration must set "introspection_endpoint" to true to enable this endpoint',
        )
      if (tag === undefined || !TAGS.includes(tag)) throw refuse.invalid("subtree does not exist")
      return { data: { [tag]: await routerRecords(ctx, tag) } }
    },
  }),
  sysRoute("internal/counters/requests", {
    summary: "Nothing: requests are counted by `sys/metrics`.",
    deprecated: "Use sys/metrics.",
    read: () => {
      throw refuse.unknown("The functionality has been removed on this path")
    },
  }),
  sysRoute("internal/counters/activity", {
    summary: "How many clients there were: nobody counts them here, so there is no data.",
    fields: activityFields,
    rootOnly: true,
    read: () => ({ status: 204 }),
  }),
  sysRoute("internal/counters/activity/monthly", {
    summary: "How many clients there were this month: there is no data.",
    rootOnly: true,
    read: () => ({ status: 204 }),
  }),
  sysRoute("internal/counters/activity/export", {
    summary: "Which clients there were: there is no data.",
    fields: activityFields,
    rootOnly: true,
    read: () => ({ status: 204 }),
  }),
  sysRoute("internal/counters/config", {
    summary: "How clients are counted: they are not.",
    rootOnly: true,
    read: () => ({
      data: {
        enabled: "default-disabled",
        retention_months: 0,
        minimum_retention_months: 0,
        queries_available: false,
        reporting_enabled: false,
        billing_start_timestamp: null,
      },
    }),
    write: () => {
      throw refuse.invalid("clients are not counted, so there is nothing to configure")
    },
  }),
  sysRoute("license/status", {
    summary: "There is no licence to run out.",
    rootOnly: true,
    read: () => {
      throw refuse.absent()
    },
  }),
  sysRoute("experiments", {
    summary: "Experiments that can be switched on: none.",
    rootOnly: true,
    read: () => ({ data: { available: [], enabled: [] } }),
  }),
  sysRoute("activation-flags", {
    summary: "Features that wait for being activated: none.",
    rootOnly: true,
    read: () => ({ data: { activated: [], unactivated: [] } }),
  }),
  ...["authenticated-messages", "unauthenticated-messages"].map(name =>
    sysRoute(`internal/ui/${name}`, {
      summary: "Messages of the operator for people at the console: none.",
      open: name === "unauthenticated-messages",
      read: () => ({ data: { keys: [], key_info: {} } }),
    }),
  ),
  sysRoute("internal/ui/default-auth-methods", {
    summary: "Which auth method the console offers first: whichever is listed.",
    open: true,
    read: () => ({ data: { default_auth_type: "", backup_auth_types: [] } }),
  }),
  sysRoute("config/reload/:subsystem", {
    summary:
      "Read something anew while the server runs: `listener` (certificates), `audit`, `log`; `license` does nothing.",
    fields: { subsystem: field.string("What to read anew.", { plain: true }) },
    sudo: true,
    rootOnly: true,
    write: async ({ subsystem = "" }, { server }) => {
      if (subsystem === "license") return undefined
      const reload = server.reloads.get(subsystem)
      if (reload === undefined) {
        const known = ["license", ...server.reloads.keys()].join(", ")
        throw refuse.invalid(`nothing is known of the subsystem ${JSON.stringify(subsystem)}; there are ${known}`)
      }
      await reload().catch((error: Error) => {
        throw refuse.failed(`${subsystem} could not be read anew: ${error.message}`)
      })
      await server.peers.tell({ act: "reload", subsystem })
      return undefined
    },
  }),
]

/** What operators look at: nodes, versions, the machine, the requests being answered. */

import { hostname } from "node:os"
import { field, isJsonObject, type Json, type JsonObject } from "@arca/api"
import type { Standing } from "../members.ts"
import type { Server } from "../server.ts"
import { servedVersions } from "../versions.ts"
import { hostInfo } from "./host.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** This node, then the others that told lately that they live; one for each machine, whatever its workers. */
function nodesOf(server: Server, now: number): JsonObject[] {
  const { members, facts } = server
  const self: JsonObject = {
    hostname: hostname(),
    api_address: facts.apiAddress,
    cluster_address: facts.clusterAddress,
    active_node: !members.draining(),
    last_echo: null,
    echo_duration_ms: 0,
    clock_skew_ms: 0,
    replication_primary_canary_age_ms: 0,
    version: facts.apiVersion,
    arca_version: facts.arcaVersion,
    draining: members.draining(),
    started_at: time(facts.startedAt),
    clock_ahead_ms: 0,
  }
  const others = members.all().filter(({ member }) => member.worker <= 1)
  return [self, ...others.map(one => shownMember(one, now))]
}

const shownMember = ({ member, alive, since, ahead }: Standing, now: number): JsonObject => ({
  hostname: member.hostname,
  api_address: member.apiAddress,
  cluster_address: member.clusterAddress,
  active_node: alive && !member.draining,
  last_echo: time(Math.min(since, now)),
  echo_duration_ms: 0,
  clock_skew_ms: Math.round(ahead * 1000),
  replication_primary_canary_age_ms: 0,
  version: member.version,
  arca_version: member.arcaVersion,
  draining: member.draining,
  started_at: time(member.startedAt),
  clock_ahead_ms: Math.round(ahead * 1000),
})

export const operationRoutes = [
  sysRoute("ha-status", {
    summary: "The nodes of the cluster, as far as this one knows them.",
    operation: "ha-status",
    replies: {
      read: {
        nodes: field.any(
          "Each with hostname, api_address, cluster_address, active_node, last_echo and version; beside them arca_version, draining, started_at and clock_ahead_ms, compared with this node.",
        ),
      },
    },
    read: (_, { server, now }) => ({ data: { nodes: nodesOf(server, now) } }),
  }),
  sysRoute("version-history", {
    summary: "The versions that served this store.",
    operation: "version-history",
    list: async (_, { view }) => {
      const all = await servedVersions(view)
      const info = all.map((one, index): [string, JsonObject] => [
        one.version,
        {
          build_date: one.build_date,
          previous_version: all[index - 1]?.version ?? null,
          timestamp_installed: time(one.since),
          arca_version: one.arca_version,
        },
      ])
      return { data: { keys: [...new Set(info.map(([version]) => version))], key_info: Object.fromEntries(info) } }
    },
  }),
  sysRoute("host-info", {
    summary: "The machine this node runs on.",
    operation: "collect-host-information",
    replies: { read: replies.hostInfo },
    rootOnly: true,
    read: (_, ctx) => hostInfo(ctx.now),
  }),
  sysRoute("in-flight-req", {
    summary: "The requests that this machine is answering now.",
    operation: "collect-in-flight-request-information",
    replies: {
      read: {
        "*": field.map("start_time, client_remote_address, request_path and request_method, by the request's id."),
      },
    },
    sudo: true,
    openWhen: "in-flight-req",
    rootOnly: true,
    read: async (_, { server }) => {
      const others = await server.peers.tell({ act: "in-flight" })
      const all = [server.inFlight.shown(), ...others].filter(one => isJsonObject(one as Json)) as JsonObject[]
      return { bare: Object.fromEntries(all.flatMap(one => Object.entries(one))) }
    },
  }),
  ...(["dr", "performance"] as const).map(kind =>
    sysRoute(`replication/${kind}/status`, {
      summary: "Replication between clusters: there is none.",
      open: true,
      read: () => ({ data: { mode: "disabled" } }),
    }),
  ),
  sysRoute("replication/status", {
    summary: "Replication between clusters: there is none.",
    open: true,
    read: () => ({ data: { mode: "disabled", dr: { mode: "disabled" }, performance: { mode: "disabled" } } }),
  }),
  sysRoute("internal/counters/entities", {
    summary: "How many entities there are.",
    operation: "internal-count-entities",
    replies: { read: { counters: field.map("entities.total") } },
    read: async (_, ctx) => {
      const entities = await ctx.view.list(`ns/${ctx.namespace.id}/identity/entity/`)
      return { data: { counters: { entities: { total: entities.length } } } }
    },
  }),
  sysRoute("internal/counters/tokens", {
    summary: "How many service tokens there are.",
    operation: "internal-count-tokens",
    replies: { read: { counters: field.map("service_tokens.total") } },
    read: async (_, ctx) => {
      const tokens = await ctx.view.list(`ns/${ctx.namespace.id}/token/id/`)
      return { data: { counters: { service_tokens: { total: tokens.length } } } }
    },
  }),
]

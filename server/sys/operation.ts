/** What operators look at: nodes, versions, the machine, the requests being answered, the plugins there are. */

import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem, uptime } from "node:os"
import { field, type JsonObject, refuse } from "@arca/api"
import type { Standing } from "../members.ts"
import type { Server, ServerContext } from "../server.ts"
import { sysRoute } from "./route.ts"

const engineNames = (ctx: ServerContext, kind: "secret" | "auth"): string[] =>
  ctx.server.registry.engines
    .filter(one => one.kind === kind && !one.singleton)
    .map(one => one.type)
    .sort()

const shownPlugin = (name: string, type: string): JsonObject => ({
  builtin: true,
  deprecation_status: "supported",
  name,
  type,
  version: "",
})

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
    list: (_, { server }) => ({
      data: {
        keys: [server.facts.apiVersion],
        key_info: {
          [server.facts.apiVersion]: {
            build_date: server.facts.buildDate,
            previous_version: null,
            timestamp_installed: time(server.facts.startedAt),
          },
        },
      },
    }),
  }),
  sysRoute("host-info", {
    summary: "The machine this node runs on.",
    operation: "collect-host-information",
    rootOnly: true,
    read: (_, ctx) => ({
      data: {
        timestamp: time(ctx.now),
        host: {
          hostname: hostname(),
          os: platform(),
          kernelArch: arch(),
          kernelVersion: release(),
          uptime: Math.floor(uptime()),
        },
        cpu: cpus().map(({ model, speed }, index) => ({ cpu: index, modelName: model, mhz: speed })),
        memory: { total: totalmem(), available: freemem(), used: totalmem() - freemem() },
        load: { load1: loadavg()[0] ?? 0, load5: loadavg()[1] ?? 0, load15: loadavg()[2] ?? 0 },
      },
    }),
  }),
  sysRoute("in-flight-req", {
    summary: "The requests that this process is answering now.",
    operation: "collect-in-flight-request-information",
    sudo: true,
    openWhen: "in-flight-req",
    rootOnly: true,
    read: (_, { server }) => ({
      data: Object.fromEntries(
        [...server.inFlight.all].map(([id, { request, startedAt }]) => [
          id,
          {
            start_time: time(startedAt),
            client_remote_address: request.remoteAddress,
            request_path: `/v1/${request.path}`,
            request_method: request.operation,
            client_id: "",
          },
        ]),
      ),
    }),
  }),
  sysRoute("plugins/catalog", {
    summary: "The engines and auth methods that can be enabled. All are built in.",
    operation: "plugins-catalog-list-plugins",
    rootOnly: true,
    replies: {
      read: {
        auth: field.stringList("Auth methods."),
        secret: field.stringList("Secrets engines."),
        database: field.stringList("Database drivers."),
        detailed: field.any("Each with name, type, version, builtin and deprecation_status."),
      },
    },
    read: (_, ctx) => {
      const auth = engineNames(ctx, "auth")
      const secret = engineNames(ctx, "secret")
      return {
        data: {
          auth,
          database: [],
          secret,
          detailed: [
            ...auth.map(name => shownPlugin(name, "auth")),
            ...secret.map(name => shownPlugin(name, "secret")),
          ],
        },
      }
    },
  }),
  sysRoute("plugins/catalog/:type", {
    summary: "The engines of a type: auth, secret or database.",
    operation: "plugins-catalog-list-plugins-with-type",
    rootOnly: true,
    sudo: true,
    list: ({ type }, ctx) => {
      if (type !== "auth" && type !== "secret" && type !== "database")
        throw refuse.invalid(`unsupported plugin type ${JSON.stringify(type)}`)
      return { data: { keys: type === "database" ? [] : engineNames(ctx, type) } }
    },
  }),
  sysRoute("plugins/catalog/:type/:name", {
    summary: "One engine.",
    operation: "plugins-catalog-*-plugin-configuration-with-type",
    rootOnly: true,
    fields: { type: field.name("auth or secret."), name: field.name("Its name.") },
    sudo: true,
    read: ({ type, name }, ctx) => {
      if (type !== "auth" && type !== "secret") return undefined
      if (!engineNames(ctx, type).includes(name)) return undefined
      return {
        data: {
          args: null,
          builtin: true,
          command: "",
          name,
          sha256: "",
          deprecation_status: "supported",
          version: "",
        },
      }
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
    read: () => ({ data: { dr: { mode: "disabled" }, performance: { mode: "disabled" } } }),
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

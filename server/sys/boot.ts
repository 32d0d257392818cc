/**
 * Routes that are answered whether the server is sealed or not, without a token and outside of any transaction: what
 * Vault's HTTP layer answers by itself.
 */

import { field, type JsonObject, refuse, routesOf } from "@arca/api"
import type { Members } from "../members.ts"
import type { RollbackWatch } from "../rollback.ts"
import type { SealCore } from "../seal/core.ts"
import { initFields } from "../seal/fields.ts"
import type { ServerFacts } from "../server.ts"
import * as replies from "./replies.ts"

export interface BootContext {
  readonly seal: SealCore
  readonly facts: ServerFacts
  /** Seconds since 1970. */
  readonly now: number
  readonly clusterName: string
  readonly members: Members
  /** What keeps this node from serving although it is unsealed. */
  readonly trouble: () => readonly string[]
  readonly rollback: RollbackWatch
}

const bootRoute = routesOf<BootContext>()

const code = (name: string) => field.int(`The status code when ${name}.`, { query: true })
const flag = (summary: string) => field.bool(summary, { query: true, default: false })

async function cluster({ seal, clusterName }: BootContext): Promise<JsonObject> {
  return seal.sealed() ? {} : { cluster_name: clusterName, cluster_id: seal.barrier.status().cluster }
}

/** Said only when there is something to be said: clients know no such field. */
const rolledBack = ({ rollback }: BootContext): JsonObject => (rollback.standing() ? { store_rolled_back: true } : {})

async function sealStatus(ctx: BootContext): Promise<JsonObject> {
  const { facts } = ctx
  return {
    ...(await ctx.seal.status()),
    version: facts.apiVersion,
    arca_version: facts.arcaVersion,
    build_date: facts.buildDate,
    storage_type: facts.storageType,
    ...(await cluster(ctx)),
    ...rolledBack(ctx),
  }
}

export const bootRoutes = [
  bootRoute("sys/init", {
    summary: "Whether the store was initialised; initialise it.",
    operation: { read: "read-initialization-status", write: "initialize" },
    replies: { read: replies.initStatus, write: replies.initialised },
    fields: initFields,
    open: true,
    read: async (_, { seal }) => ({ bare: { initialized: await seal.initialized() } }),
    write: async (input, { seal }) => ({ bare: await seal.init(input) }),
  }),
  bootRoute("sys/seal-status", {
    summary: "Whether the server is sealed, and how far an unsealing has come.",
    operation: "seal-status",
    replies: { read: replies.sealStatus },
    open: true,
    read: async (_, ctx) => ({ bare: await sealStatus(ctx) }),
  }),
  bootRoute("sys/unseal", {
    summary: "Give a share of the unseal key.",
    operation: "unseal",
    replies: { write: replies.sealStatus },
    fields: {
      key: field.string("A share, in hex or base64.", { secret: true }),
      reset: field.bool("Forget the shares given so far.", { default: false }),
      migrate: field.bool("Move to the configured seal.", { default: false }),
    },
    open: true,
    write: async (input, ctx) => {
      await ctx.seal.unseal(input)
      return { bare: await sealStatus(ctx) }
    },
  }),
  bootRoute("sys/health", {
    summary: "Whether this node can serve, for load balancers.",
    operation: "read-health-status",
    replies: { read: replies.health },
    fields: {
      standbyok: flag("Answer for a node that is being drained as for one that serves."),
      perfstandbyok: flag("Accepted for compatibility."),
      activecode: code("it serves"),
      standbycode: code("it is being drained (`sys/step-down`, or about to stop)"),
      drsecondarycode: code("it is a DR secondary, which it never is"),
      performancestandbycode: code("it is a performance standby, which it never is"),
      sealedcode: code("it is sealed"),
      uninitcode: code("it is not initialised"),
      haunhealthycode: code("it is unhealthy"),
      removedcode: code("it was removed from a cluster"),
    },
    open: true,
    read: async ({ standbyok, activecode, standbycode, sealedcode, uninitcode, haunhealthycode }, ctx) => {
      const sealed = ctx.seal.sealed()
      // A store that fails may not even be read; one that is open was initialised.
      const initialized = !sealed || (await ctx.seal.initialized())
      const trouble = ctx.trouble()
      // A node that is drained looks like a standby: balancers that ask for an active node go elsewhere.
      const draining = ctx.members.draining()
      const serving = draining && !standbyok ? (standbycode ?? 429) : (activecode ?? 200)
      const open = trouble.length > 0 ? (haunhealthycode ?? 474) : serving
      const status = !initialized ? (uninitcode ?? 501) : sealed ? (sealedcode ?? 503) : open
      if (status < 100 || status > 599) throw refuse.invalid("a status code is a number from 100 to 599")
      return {
        status,
        bare: {
          initialized,
          sealed,
          standby: draining && !sealed,
          performance_standby: false,
          replication_performance_mode: sealed ? "unknown" : "disabled",
          replication_dr_mode: sealed ? "unknown" : "disabled",
          server_time_utc: Math.floor(ctx.now),
          version: ctx.facts.apiVersion,
          arca_version: ctx.facts.arcaVersion,
          enterprise: false,
          ...(await cluster(ctx)),
          echo_duration_ms: 0,
          replication_primary_canary_age_ms: 0,
          clock_skew_ms: Math.round(ctx.members.skew() * 1000),
          ...(trouble.length > 0 ? { trouble: [...trouble] } : {}),
          ...rolledBack(ctx),
        },
      }
    },
  }),
  bootRoute("sys/leader", {
    summary: "Which node is active: every one is.",
    operation: "leader-status",
    replies: { read: replies.leader },
    open: true,
    read: (_, { seal, facts, members }) => {
      if (seal.sealed()) throw refuse.unavailable("Vault is sealed")
      // Every node is the leader; one that is being drained names another.
      const other = members.draining()
        ? members.all().find(({ alive, member }) => alive && !member.draining && member.apiAddress !== "")?.member
        : undefined
      return {
        bare: {
          ha_enabled: facts.shared,
          is_self: facts.shared && other === undefined,
          active_time: new Date(facts.startedAt * 1000).toISOString(),
          leader_address: other?.apiAddress ?? facts.apiAddress,
          leader_cluster_address: other?.clusterAddress ?? facts.clusterAddress,
          performance_standby: false,
          performance_standby_last_remote_wal: 0,
        },
      }
    },
  }),
]

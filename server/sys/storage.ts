/**
 * `sys/storage/raft`: what Vault's clients ask of an integrated store. Snapshots are of any store; the rest answers as a
 * healthy cluster of the nodes there are.
 */

import { hostname } from "node:os"
import { decodeJson, encodeJson, field, type JsonObject, refuse, type Values } from "@arca/api"
import type { ServerContext } from "../server.ts"
import { restoreSnapshot } from "../snapshot/restore.ts"
import { takeSnapshot } from "../snapshot/save.ts"
import { deleteSchedule, type Schedule, scheduleStatus, schedules, writeSchedule } from "../snapshot/schedule.ts"
import { sysRoute } from "./route.ts"

async function restore(ctx: ServerContext, force: boolean) {
  const { stream } = ctx.full
  if (stream === undefined) throw refuse.invalid("the body is no snapshot")
  const { server } = ctx
  server.log.warn("a snapshot is being restored", { request: ctx.request.id, force })
  const { foreign, opened } = await restoreSnapshot(server, stream, force)
  server.log.warn("a snapshot was restored", { request: ctx.request.id, foreign })
  if (!foreign) return undefined
  ctx.atLast(async () => {
    await server.seal.close()
    await server.seal
      .autoUnseal()
      .catch((error: unknown) =>
        server.log.error("the seal does not open the restored store", { error: String(error) }),
      )
  })
  return {
    warnings: [
      "The store now has the keys of the snapshot: unseal it with those.",
      ...(opened ? [] : ["Its entries could not be opened here, so only their checksums were verified."]),
    ],
  }
}

const nodeName = (ctx: ServerContext): string => ctx.server.facts.clusterAddress || ctx.server.facts.apiAddress

/** A node as Vault shows a server of its integrated storage. */
interface Peer {
  readonly id: string
  readonly address: string
  readonly self: boolean
  readonly alive: boolean
  /** Seconds since 1970. */
  readonly since: number
  readonly contact: number
}

/** This node, then the others that share the store; one for each machine, whatever its workers. */
function peersOf(ctx: ServerContext): Peer[] {
  const { members, facts } = ctx.server
  const self = { id: hostname(), address: nodeName(ctx), self: true, alive: true, since: facts.startedAt, contact: 0 }
  const others = members.all().filter(({ member }) => member.worker <= 1)
  return [
    self,
    ...others.map(({ member, alive, since }) => ({
      // Several nodes of one machine have one name.
      id: member.hostname === self.id ? member.id : member.hostname,
      address: member.apiAddress.replace(/^https?:\/\//, ""),
      self: false,
      alive,
      since: member.startedAt,
      contact: Math.max(0, Math.round(ctx.now - since)),
    })),
  ]
}

const shownPeer = ({ id, address, self }: Peer): JsonObject => ({
  address,
  leader: self,
  node_id: id,
  protocol_version: "3",
  voter: true,
})

const pilotedPeer = ({ id, address, self, alive, since, contact }: Peer): JsonObject => ({
  id,
  name: id,
  address,
  node_status: alive ? "alive" : "left",
  last_contact: `${contact}s`,
  last_term: 1,
  last_index: 0,
  healthy: alive,
  stable_since: new Date(since * 1000).toISOString(),
  status: self ? "leader" : "voter",
  meta: null,
})

/** How the nodes are. Any of them may be lost, as long as one is left. */
function pilotState(peers: readonly Peer[]): JsonObject {
  const living = peers.filter(({ alive }) => alive)
  return {
    healthy: living.length === peers.length,
    failure_tolerance: living.length - 1,
    leader: hostname(),
    voters: peers.map(({ id }) => id),
    servers: Object.fromEntries(peers.map(one => [one.id, pilotedPeer(one)])),
  }
}

/** What Vault's autopilot can be told. It is kept and told again; nodes that share a store need no pilot. */
const autopilotFields = {
  cleanup_dead_servers: field.bool("Remove nodes that are gone."),
  last_contact_threshold: field.duration("Silence after which a node is unhealthy."),
  dead_server_last_contact_threshold: field.duration("Silence after which a node is gone."),
  max_trailing_logs: field.int("How far a node may be behind."),
  min_quorum: field.int("Nodes that must remain."),
  server_stabilization_time: field.duration("Health that a new node must show first."),
  disable_upgrade_migration: field.bool("Accepted for compatibility."),
}

type Autopilot = { [K in keyof Values<typeof autopilotFields>]: NonNullable<Values<typeof autopilotFields>[K]> }

const AUTOPILOT = "core/autopilot"
const AUTOPILOT_DEFAULTS: Autopilot = {
  cleanup_dead_servers: false,
  last_contact_threshold: 10,
  dead_server_last_contact_threshold: 86_400,
  max_trailing_logs: 1000,
  min_quorum: 0,
  server_stabilization_time: 10,
  disable_upgrade_migration: false,
}

const autopilot = async ({ view }: ServerContext): Promise<Autopilot> => {
  const stored = await view.get(AUTOPILOT)
  return { ...AUTOPILOT_DEFAULTS, ...(stored && (decodeJson(stored) as Partial<Autopilot>)) }
}

/** Seconds as Go writes a duration: `24h0m0s`, `10s`. */
function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}

function checkAutopilot(next: Autopilot): void {
  if (!next.cleanup_dead_servers) return
  if (next.min_quorum < 3)
    throw refuse.invalid("min_quorum must be set when cleanup_dead_servers is set and it should at least be 3")
  if (next.dead_server_last_contact_threshold < 60)
    throw refuse.invalid("dead_server_last_contact_threshold should not be set to less than 1m")
}

const bucketFields = {
  aws_s3_bucket: field.string("The bucket.", { default: "" }),
  aws_s3_region: field.string("The region it is in.", { default: "" }),
  aws_s3_endpoint: field.string("The address of a store that is not Amazon's.", { default: "" }),
  aws_s3_disable_tls: field.bool("Speak plain HTTP to an endpoint that is given without a scheme.", { default: false }),
  aws_s3_force_path_style: field.bool("Ask for `endpoint/bucket` in place of `bucket.endpoint`.", { default: false }),
  aws_s3_ca_cert: field.string("The authorities that sign the endpoint's certificate, PEM.", { default: "" }),
  aws_s3_server_side_encryption: field.bool("Have objects encrypted by the store's own keys (AES256).", {
    default: false,
  }),
  aws_s3_enable_kms: field.bool("Have objects encrypted by a key of KMS.", { default: false }),
  aws_s3_kms_key: field.string("That key; the account's own when it is not given.", { default: "" }),
  aws_access_key_id: field.string("The access key; this server's own account when it is not given.", { default: "" }),
  aws_secret_access_key: field.string("Its secret. It is not told again.", { default: "", secret: true }),
  aws_session_token: field.string("The token of a session. It is not told again.", { default: "", secret: true }),
}

const scheduleFields = {
  interval: field.duration("The time from one snapshot to the next.", { default: 0 }),
  retain: field.int("How many are kept.", { default: 1 }),
  path_prefix: field.string("The folder; in a bucket what keys begin with.", { default: "" }),
  file_prefix: field.string("What the files' names begin with.", { default: "arca-snapshot" }),
  storage_type: field.string("Where they are kept: `local`, a folder, or `aws-s3`, a bucket.", { default: "local" }),
  local_max_space: field.int("How many bytes the snapshots in a folder may take together.", { default: 0 }),
  ...bucketFields,
}

function scheduleOf(name: string, input: Values<typeof scheduleFields>): Schedule {
  const { interval, retain, path_prefix, file_prefix, storage_type, local_max_space, ...bucket } = input
  const timing = { name, interval, retain, path_prefix, file_prefix }
  if (storage_type === "local") return { ...timing, storage_type, local_max_space }
  if (storage_type === "aws-s3") return { ...timing, storage_type, ...bucket }
  throw refuse.invalid('storage_type must be "local" or "aws-s3"')
}

function shownSchedule(schedule: Schedule): JsonObject {
  if (schedule.storage_type === "local") return { ...schedule }
  const { aws_secret_access_key: _secret, aws_session_token: _token, ...shown } = schedule
  return shown
}

export const storageRoutes = [
  sysRoute("storage/raft/snapshot", {
    summary: "A backup of the whole store; put one back.",
    description:
      "Reading streams the store at one moment, as it lies encrypted, while requests go on. Writing replaces the store's content by a snapshot of this store, after every entry of it was opened; a bad one, or one of other keys, changes nothing.",
    rootOnly: true,
    streams: true,
    read: (_, { server }) => ({ raw: { contentType: "application/gzip", body: takeSnapshot(server) } }),
    write: (_, ctx) => restore(ctx, false),
  }),
  sysRoute("storage/raft/snapshot-force", {
    summary: "Put a backup back, of whatever keys. The store then has the keys of the backup.",
    rootOnly: true,
    streams: true,
    write: (_, ctx) => restore(ctx, true),
  }),
  sysRoute("storage/raft/snapshot-auto/config", {
    summary: "The schedules of snapshots.",
    rootOnly: true,
    sudo: true,
    list: async (_, { view }) => ({ data: { keys: (await schedules(view)).map(({ name }) => name).sort() } }),
  }),
  sysRoute("storage/raft/snapshot-auto/config/:name", {
    summary: "A schedule: how often a snapshot is made, and where it is kept.",
    description:
      "One of the nodes makes each snapshot: into a folder of its own that `snapshot_directories` of its configuration allows, or into a bucket of S3 or of a store that speaks its protocol. A snapshot gets its name when it is whole; the oldest beyond `retain` are removed.",
    rootOnly: true,
    sudo: true,
    fields: { name: field.name("Its name."), ...scheduleFields },
    read: async ({ name }, { view }) => {
      const found = (await schedules(view)).find(one => one.name === name)
      return found && { data: shownSchedule(found) }
    },
    write: async ({ name, ...input }, ctx) => {
      await writeSchedule(ctx.view, scheduleOf(name, input), ctx.server.snapshotFolders)
      return undefined
    },
    delete: async ({ name }, { view }) => {
      await deleteSchedule(view, name)
      return undefined
    },
  }),
  sysRoute("storage/raft/snapshot-auto/status/:name", {
    summary: "How the latest snapshot of a schedule went.",
    rootOnly: true,
    sudo: true,
    fields: { name: field.name("The schedule's name.") },
    read: async ({ name }, { view }) => {
      const status = await scheduleStatus(view, name)
      if (status === undefined) return undefined
      const at = (seconds: number) => new Date(seconds * 1000).toISOString()
      return {
        data: {
          consecutive_errors: status.failures,
          last_snapshot_start: at(status.started),
          last_snapshot_end: at(status.ended),
          last_snapshot_error: status.error,
          last_snapshot_url: status.file,
          last_snapshot_size: status.bytes,
          last_snapshot_node: status.node,
        },
      }
    },
  }),
  sysRoute("storage/raft/configuration", {
    summary: "The nodes that share the store, as far as this one knows them.",
    rootOnly: true,
    read: (_, ctx) => ({ data: { config: { index: 0, servers: peersOf(ctx).map(shownPeer) } } }),
  }),
  sysRoute("storage/raft/autopilot/state", {
    summary: "How the nodes are.",
    rootOnly: true,
    read: (_, ctx) => ({ data: pilotState(peersOf(ctx)) }),
  }),
  sysRoute("storage/raft/autopilot/configuration", {
    summary: "What Vault's autopilot is told: kept, without effect here.",
    fields: autopilotFields,
    rootOnly: true,
    read: async (_, ctx) => {
      const { disable_upgrade_migration: _d, ...config } = await autopilot(ctx)
      return {
        data: {
          ...config,
          last_contact_threshold: goDuration(config.last_contact_threshold),
          dead_server_last_contact_threshold: goDuration(config.dead_server_last_contact_threshold),
          server_stabilization_time: goDuration(config.server_stabilization_time),
        },
      }
    },
    write: async (input, ctx) => {
      const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
      const next = { ...(await autopilot(ctx)), ...given }
      checkAutopilot(next)
      ctx.view.put(AUTOPILOT, encodeJson(next))
      return undefined
    },
  }),
  sysRoute("storage/raft/remove-peer", {
    summary: "Refused: a node that is stopped has left, and holds nothing.",
    fields: { server_id: field.string("The node.", { plain: true }) },
    rootOnly: true,
    write: () => {
      throw refuse.invalid("nodes share the store and hold nothing of their own: stop the node, and it is gone")
    },
  }),
]

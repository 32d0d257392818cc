import { constants, createReadStream, createWriteStream } from "node:fs"
import { access, rename, rm } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import type { Json, JsonObject } from "@arca/api/json"
import type { Secret } from "@arca/sdk"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, choice, int, text } from "../flags.ts"
import { columns, table } from "../output/table.ts"
import { serverFunction } from "../server-part.ts"
import { isObject, string } from "../shape.ts"
import { drill } from "./operator-drill.ts"

const FILE = { usage: "FILE", min: 0, max: 1, expected: "1" }

const save = command({
  name: "save",
  summary: "Writes a backup of the server's whole store into a file.",
  about: "All in it is encrypted by the server's keys: to restore it, the same unseal keys are needed.",
  examples: [["Make a backup", "operator raft snapshot save backup.snap"]],
  args: FILE,
  run: async ({ args: [given = ""], client }) => {
    const path = given.trim()
    if (path === "") throw new Failure("Output file name is required", 1)
    const server = (await client()).with({ timeout: 0 })
    const reply = await attempt(
      "Error taking the snapshot",
      server.request({ method: "GET", path: "sys/storage/raft/snapshot" }),
    )
    // A backup that broke off must not look like one.
    const draft = `${path}.part`
    try {
      await pipeline(reply.body ?? [], createWriteStream(draft, { mode: 0o600 }))
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true })
      throw new Failure(`Error taking the snapshot: ${error instanceof Error ? error.message : String(error)}`, 2, {
        cause: error,
      })
    }
  },
})

async function* bytesOf(found: unknown): AsyncGenerator<Uint8Array> {
  if (typeof found !== "object" || found === null || !(Symbol.asyncIterator in found)) return
  for await (const part of found as AsyncIterable<unknown>) if (part instanceof Uint8Array) yield part
}

/** A file's content, or that of `s3://bucket/key`, as often as it is asked for. */
async function contentOf(path: string): Promise<() => AsyncIterable<Uint8Array>> {
  if (path.startsWith("s3://")) {
    const read = await serverFunction("snapshot/source", "snapshotBytes")
    return () => bytesOf(read(path))
  }
  await access(path, constants.R_OK).catch(error => {
    throw new Failure(`Error opening snapshot file: ${error.message}`, 2)
  })
  return () => createReadStream(path)
}

const restore = command({
  name: "restore",
  summary: "Replaces the server's whole store by a backup.",
  examples: [
    ["Go back to a backup", "operator raft snapshot restore backup.snap"],
    ["Restore into a server with other keys", "operator raft snapshot restore -force backup.snap"],
    ["From a bucket, as AWS_REGION, AWS_ENDPOINT_URL_S3 … say", "operator raft snapshot restore s3://backups/a.snap"],
  ],
  args: FILE,
  flags: { force: bool("Restore even if the keys of server and backup differ.") },
  run: async ({ args: [given = ""], flags, client, out }) => {
    const path = given.trim()
    if (path === "") throw new Failure("Snapshot file name is required", 1)
    const content = await contentOf(path)
    const server = (await client()).with({ timeout: 0 })
    const verb = flags.force ? "snapshot-force" : "snapshot"
    const told = await attempt(
      "Error installing the snapshot",
      server.json<Secret | null>({
        method: "POST",
        path: `sys/storage/raft/${verb}`,
        body: content,
      }),
    )
    if (told !== null) out.warnings(told)
  },
})

async function lookedAt(looking: unknown): Promise<JsonObject> {
  try {
    const picture: unknown = await looking
    return isObject(picture as Json) ? (picture as JsonObject) : {}
  } catch (error) {
    throw new Failure(`Error reading the snapshot: ${error instanceof Error ? error.message : String(error)}`, 2)
  }
}

const inspect = command({
  name: "inspect",
  summary: "Looks into a backup: whether it is whole, when it was made, and what it holds by path.",
  about: "Needs neither a server nor a key; what the entries say stays encrypted.",
  examples: [
    ["Check a backup", "operator raft snapshot inspect backup.snap"],
    ["See more of the paths", "operator raft snapshot inspect -depth=4 backup.snap"],
  ],
  args: FILE,
  flags: {
    depth: int("How many segments of the paths to show; 2 by default."),
    filter: text("Show only paths that begin so."),
    details: choice("Show what the backup holds, path by path; on by default."),
  },
  prints: "value",
  local: true,
  run: async ({ args: [given = ""], flags, out }) => {
    const path = given.trim()
    if (path === "") throw new Failure("Snapshot file name is required", 1)
    const look = await serverFunction("snapshot/inspect", "inspectSnapshot")
    const picture = await lookedAt(look(path, flags.depth ?? 2))
    const all = Array.isArray(picture.groups) ? picture.groups.filter(isObject) : []
    const groups = all.filter(one => string(one.prefix).startsWith(flags.filter ?? ""))
    if (out.format !== "table") return out.value({ ...picture, groups })
    const meta = isObject(picture.meta) ? picture.meta : {}
    out.line(
      columns([
        ["ID", string(meta.ID)],
        ["Created", string(meta.created)],
        ["Cluster ID", string(meta.cluster_id)],
        ["Storage", string(meta.storage_type)],
        ["Index", String(meta.Index)],
        ["Term", String(meta.Term)],
        ["Version", String(meta.Version)],
        ["Entries", String(picture.entries)],
        ["Size", String(picture.bytes)],
      ]),
    )
    if (flags.details === false) return
    const rows = groups.map(one => [string(one.prefix), String(one.count), String(one.bytes)])
    out.line("")
    out.line(table(["Key Name", "Count", "Size"], rows))
  },
})

const listPeers = command({
  name: "list-peers",
  summary: "Lists the servers that share the store.",
  examples: [["See them", "operator raft list-peers"]],
  prints: "value",
  run: async ({ out, client }) => {
    const reading = (await client()).read("sys/storage/raft/configuration")
    const secret = await attempt("Error reading the raft cluster configuration", reading)
    if (secret === null) throw new Failure("No raft cluster configuration found", 2)
    if (out.format !== "table") return out.secret(secret)
    const config = secret.data?.config
    const servers = isObject(config) && Array.isArray(config.servers) ? config.servers.filter(isObject) : []
    const rows = servers.map(one => [
      string(one.node_id),
      string(one.address),
      one.leader === true ? "leader" : "follower",
      String(one.voter === true),
    ])
    out.line(table(["Node", "Address", "State", "Voter"], rows))
  },
})

export const raft = family({
  name: "raft",
  summary: "Backs up and restores the store, lists its servers",
  examples: [
    ["Make a backup", "operator raft snapshot save backup.snap"],
    ["Go back to it", "operator raft snapshot restore backup.snap"],
  ],
  commands: [
    listPeers,
    family({
      name: "snapshot",
      summary: "Saves and restores backups of the store",
      examples: [["Make a backup", "operator raft snapshot save backup.snap"]],
      commands: [drill, inspect, restore, save],
    }),
  ],
})

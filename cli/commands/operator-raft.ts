import { createWriteStream } from "node:fs"
import { readFile, rename, rm } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool } from "../flags.ts"
import { table } from "../output/table.ts"
import { isObject, string } from "../shape.ts"

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

const restore = command({
  name: "restore",
  summary: "Replaces the server's whole store by a backup.",
  examples: [
    ["Go back to a backup", "operator raft snapshot restore backup.snap"],
    ["Restore into a server with other keys", "operator raft snapshot restore -force backup.snap"],
  ],
  args: FILE,
  flags: { force: bool("Restore even if the keys of server and backup differ.") },
  run: async ({ args: [given = ""], flags, client }) => {
    const path = given.trim()
    if (path === "") throw new Failure("Snapshot file name is required", 1)
    const body = await readFile(path).catch(error => {
      throw new Failure(`Error opening snapshot file: ${error.message}`, 2)
    })
    const server = (await client()).with({ timeout: 0 })
    const verb = flags.force ? "snapshot-force" : "snapshot"
    await attempt(
      "Error installing the snapshot",
      server.request({ method: "POST", path: `sys/storage/raft/${verb}`, body }),
    )
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
      commands: [restore, save],
    }),
  ],
})

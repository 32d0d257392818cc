/** The chapters Mounts, Audit, Leases and Cubbyhole. */

import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { type Data, env, holds, inner, known, part, refused, same, step, strings } from "../story.ts"
import { ask, connect, create, dead, list, lookup, put, type Reply, read, vault, write } from "./client.ts"

export async function mounts() {
  const mount = (mount_point: string) => ask(vault.mount({ mount_point, type: "kv", description: "a box" }))
  await step("mount-enable", () => mount("box"))
  await step("mount-list", async () => {
    const reply = await ask<Record<string, Data> & { data: Record<string, Data> }>(vault.mounts())
    for (const found of [reply, reply.data]) {
      same(part(found["box/"] ?? {}, "type", "description"), { type: "kv", description: "a box" })
      holds(found["box/"]?.accessor, "an accessor")
      holds(found["sys/"] && found["cubbyhole/"] && found["identity/"], "the mounts that are always there")
    }
  })
  await step("mount-taken", () => refused(400, mount("box"), "path is already in use at box/"))
  await step("mount-tune", async () => {
    const tuning = { default_lease_ttl: "30m", max_lease_ttl: "1h", description: "a small box" }
    await write("sys/mounts/box/tune", tuning)
    const want = { default_lease_ttl: 1800, max_lease_ttl: 3600, description: "a small box" }
    same(part(await read("sys/mounts/box/tune"), ...Object.keys(want)), want)
  })
  await step("mount-remount", async () => {
    await write("box/thing", { a: "b" })
    const { migration_id } = (await ask<Reply>(vault.remount({ from: "box", to: "crate" }))).data
    let status = "in-progress"
    while (status === "in-progress") {
      const found = await read(`sys/remount/status/${migration_id}`)
      status = `${inner(found, "migration_info").status}`
    }
    same(status, "success")
    same(await read("crate/thing"), { a: "b" })
    await refused(404, read("box/thing"))
  })
  await step("mount-disable", async () => {
    await ask(vault.unmount({ mount_point: "crate" }))
    await refused(404, read("crate/thing"))
    await mount("crate")
    await refused(404, read("crate/thing"))
    await ask(vault.unmount({ mount_point: "crate" }))
  })
}

export async function audit() {
  const file = join(env("STORY_DIR"), "audit-node-vault.log")
  const devices = () => ask<Record<string, Data> & { data: Record<string, Data> }>(vault.audits())
  await step("audit-enable", () => ask(vault.enableAudit({ name: "log", type: "file", options: { file_path: file } })))
  await step("audit-list", async () => {
    const reply = await devices()
    for (const found of [reply["log/"], reply.data["log/"]]) {
      same([found?.type, inner(found, "options").file_path], ["file", file])
    }
  })
  await step("audit-hash", async () => {
    await put("audited", { pass: "a value to be hashed" })
    const { hash } = (await write("sys/audit-hash/log", { input: "a value to be hashed" })).data
    const text = await readFile(file, "utf8")
    holds(`${hash}`.startsWith("hmac-sha256:") && text.includes(`${hash}`), "the hash in the file")
    holds(!text.includes("a value to be hashed"), "no plain value in the file")
  })
  await step("audit-disable", async () => {
    await ask(vault.disableAudit({ name: "log" }))
    same((await devices()).data["log/"], undefined)
  })
}

export async function leases() {
  await step("lease-list", async () => {
    same(await list("sys/leases/lookup/auth/userpass/login"), ["ann/"])
    same(strings(await list("sys/leases/lookup/auth/userpass/login/ann")).length, 1)
  })
  const lease_id = "secret/none/abc"
  await step("lease-lookup-unknown", () => refused(400, write("sys/leases/lookup", { lease_id }), "invalid lease"))
  await step("lease-renew-unknown", () => refused(400, ask(vault.renew({ lease_id })), "lease not found"))
  await step("lease-revoke-prefix", async () => {
    await lookup(known.ann)
    await ask(vault.revokePrefix({ path_prefix: "auth/userpass/login" }))
    await dead(known.ann)
  })
}

export async function cubbyhole() {
  await step("cubbyhole", async () => {
    await write("cubbyhole/mine", { a: "b" })
    same(await read("cubbyhole/mine"), { a: "b" })
    same(await list("cubbyhole"), ["mine"])
  })
  await step("cubbyhole-private", async () => {
    const other = connect((await create({ policies: ["root"] })).client_token)
    await refused(404, ask(other.read("cubbyhole/mine")))
  })
  await step("cubbyhole-delete", async () => {
    await ask(vault.delete("cubbyhole/mine"))
    await refused(404, read("cubbyhole/mine"))
  })
}

/** The chapters Mounts, Audit, Leases and Cubbyhole. */

import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { env, holds, inner, known, part, refused, same, step, strings } from "../story.ts"
import { ask, connect, create, dataOf, dead, list, lookup, put, read, remove, vault, write } from "./client.ts"

export async function mounts() {
  const mount = (mountPath: string) => ask(vault.mount({ mountPath, type: "kv", description: "a box" }))
  await step("mount-enable", () => mount("box"))
  await step("mount-list", async () => {
    const { data } = await ask(vault.mounts())
    same(part({ ...data["box/"] }, "type", "description"), { type: "kv", description: "a box" })
    holds(data["box/"]?.accessor, "an accessor")
    holds(data["sys/"] && data["cubbyhole/"] && data["identity/"], "the mounts that are always there")
  })
  await step("mount-taken", () => refused(400, mount("box"), "path is already in use at box/"))
  await step("mount-tune", async () => {
    const tuning = { default_lease_ttl: 1800, max_lease_ttl: 3600 }
    await ask(vault.tuneMount({ mountPath: "box", ...tuning, description: "a small box" }))
    same(part({ ...(await ask(vault.tune({ mountPath: "box" }))) }, "default_lease_ttl", "max_lease_ttl"), tuning)
    same((await read("sys/mounts/box/tune")).description, "a small box")
  })
  await step("mount-remount", async () => {
    await write("box/thing", { a: "b" })
    const { migration_id } = await dataOf(write("sys/remount", { from: "box", to: "crate" }))
    let status: unknown = "in-progress"
    while (status === "in-progress") {
      status = inner(await read(`sys/remount/status/${migration_id}`), "migration_info").status
    }
    same(status, "success")
    same(await read("crate/thing"), { a: "b" })
    await refused(404, read("box/thing"))
  })
  await step("mount-disable", async () => {
    await ask(vault.unmount({ mountPath: "crate" }))
    await refused(404, read("crate/thing"))
    await mount("crate")
    await refused(404, read("crate/thing"))
    await ask(vault.unmount({ mountPath: "crate" }))
  })
}

export async function audit() {
  const file = join(env("STORY_DIR"), "audit-litehex.log")
  await step("audit-enable", () => write("sys/audit/log", { type: "file", options: { file_path: file } }))
  await step("audit-list", async () => {
    const { data } = await ask(vault.listDevices())
    same([data["log/"]?.type, data["log/"]?.options.file_path], ["file", file])
  })
  await step("audit-hash", async () => {
    await put("audited", { pass: "a value to be hashed" })
    const { hash } = await dataOf(write("sys/audit-hash/log", { input: "a value to be hashed" }))
    const text = await readFile(file, "utf8")
    holds(`${hash}`.startsWith("hmac-sha256:") && text.includes(`${hash}`), "the hash in the file")
    holds(!text.includes("a value to be hashed"), "no plain value in the file")
  })
  await step("audit-disable", async () => {
    await ask(vault.disableDevice({ path: "log" }))
    same((await ask(vault.listDevices())).data["log/"], undefined)
  })
}

export async function leases() {
  const below = "sys/leases/lookup/auth/userpass/login"
  await step("lease-list", async () => {
    same(await list(below), ["ann/"])
    same(strings(await list(`${below}/ann`)).length, 1)
  })
  const lease_id = "secret/none/abc"
  await step("lease-lookup-unknown", () => refused(400, write("sys/leases/lookup", { lease_id }), "invalid lease"))
  await step("lease-renew-unknown", () => refused(400, write("sys/leases/renew", { lease_id }), "lease not found"))
  await step("lease-revoke-prefix", async () => {
    await lookup(known.ann)
    await write("sys/leases/revoke-prefix/auth/userpass/login", {})
    await dead(known.ann)
  })
}

export async function cubbyhole() {
  const mine = "cubbyhole/mine"
  await step("cubbyhole", async () => {
    await write(mine, { a: "b" })
    same(await read(mine), { a: "b" })
    same(await list("cubbyhole"), ["mine"])
  })
  await step("cubbyhole-private", async () => {
    const other = await create({ policies: ["root"] })
    await refused(404, read(mine, connect(`${other.client_token}`)))
  })
  await step("cubbyhole-delete", async () => {
    await remove(mine)
    await refused(404, read(mine))
  })
}

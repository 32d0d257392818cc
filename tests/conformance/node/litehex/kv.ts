/** The chapters on KV. */

import { first, holds, inner, part, refused, same, second, step, third } from "../story.ts"
import { absent, ask, list, metadata, put, read, secret, secretOf, vault } from "./client.ts"

const app = { ...secret, path: "app" }

export async function kv1() {
  const at = (path: string) => ({ mountPath: "kv1", path })
  const keys = async () => (await ask(vault.kv.list(at("")))).data.keys
  await step("kv1-enable", () => ask(vault.mount({ mountPath: "kv1", type: "kv", options: { version: "1" } })))
  await step("kv1-write-read", async () => {
    await ask(vault.kv.write({ ...at("app"), data: { user: "ann", count: 7 } }))
    const reply = await ask(vault.kv.read(at("app")))
    const want = { data: { user: "ann", count: 7 }, lease_duration: 2764800, lease_id: "" }
    same(part(reply, "data", "lease_duration", "lease_id"), want)
  })
  await step("kv1-overwrite", async () => {
    await ask(vault.kv.write({ ...at("app"), data: { user: "bob" } }))
    same((await ask(vault.kv.read(at("app")))).data, { user: "bob" })
  })
  await step("kv1-list", async () => {
    await ask(vault.kv.write({ ...at("dir/inner"), data: { a: "b" } }))
    same(await keys(), ["app", "dir/"])
  })
  await step("kv1-delete", async () => {
    await ask(vault.kv.delete(at("app")))
    await refused(404, ask(vault.kv.read(at("app"))))
    same(await keys(), ["dir/"])
  })
  await step("kv1-delete-last", async () => {
    await ask(vault.kv.delete(at("dir/inner")))
    await refused(404, keys())
  })
}

export async function kv2Write() {
  await step("kv2-enable", () => ask(vault.mount({ mountPath: "secret", type: "kv", options: { version: "2" } })))
  await step("kv2-config", async () => {
    await ask(vault.kv2.config({ ...secret, max_versions: 5 }))
    const { data } = await ask(vault.kv2.readConfig(secret))
    same(data, { max_versions: 5, cas_required: false, delete_version_after: "0s" })
  })
  await step("kv2-write", async () => {
    const found = await put("app", first)
    same(part(found, "version", "deletion_time", "destroyed"), { version: 1, deletion_time: "", destroyed: false })
    holds(found.created_time, "a created_time")
  })
  await step("kv2-read", async () => {
    const { data } = await ask(vault.kv2.read(app))
    same(data.data, first)
    const want = { version: 1, custom_metadata: null, deletion_time: "", destroyed: false }
    same(part(data.metadata, "version", "custom_metadata", "deletion_time", "destroyed"), want)
  })
  await step("kv2-read-version", async () => {
    same((await put("app", second)).version, 2)
    same([await secretOf("app"), await secretOf("app", 1)], [second, first])
  })
  await step("kv2-missing", async () => {
    await absent("nothing")
    await absent("app", 9)
  })
  await step("kv2-cas", async () => {
    await refused(400, put("app", third, { cas: 1 }), "did not match the current version")
    same((await put("app", third, { cas: 2 })).version, 3)
    same((await put("fresh", first, { cas: 0 })).version, 1)
    await refused(400, put("fresh", first, { cas: 0 }), "did not match the current version")
  })
  await step("kv2-patch", async () => {
    same((await ask(vault.kv2.patch({ ...app, data: { more: "x" } }))).data.version, 4)
    same(await secretOf("app"), { ...third, more: "x" })
  })
  await step("kv2-patch-null", async () => {
    same((await ask(vault.kv2.patch({ ...app, data: { more: null } }))).data.version, 5)
    same(await secretOf("app"), third)
  })
  await step("kv2-subkeys", async () =>
    same((await ask(vault.kv2.subKeys(app))).data.subkeys, { user: null, pass: null }),
  )
}

export async function kv2Delete() {
  await step("kv2-delete-latest", async () => {
    await ask(vault.kv2.deleteLatest(app))
    await absent("app")
    const { error } = await vault.read({ path: "secret/data/app" })
    holds(error === undefined, "a body in the 404 that is no error")
    holds(inner(await read("secret/data/app"), "metadata").deletion_time, "a deletion_time in the body of the 404")
    same(await secretOf("app", 4), { ...third, more: "x" })
  })
  await step("kv2-undelete", async () => {
    await ask(vault.kv2.undelete({ ...app, versions: [5] }))
    same(await secretOf("app"), third)
  })
  await step("kv2-delete-versions", async () => {
    await ask(vault.kv2.delete({ ...app, versions: [3, 4] }))
    await absent("app", 3)
    await absent("app", 4)
    const deleted = Object.values((await metadata("app")).versions).map(version => version.deletion_time !== "")
    same(deleted, [false, false, true, true, false])
  })
  await step("kv2-destroy", async () => {
    await ask(vault.kv2.destroy({ ...app, versions: [4] }))
    await ask(vault.kv2.undelete({ ...app, versions: [4] }))
    same((await metadata("app")).versions["4"]?.destroyed, true)
    await absent("app", 4)
  })
}

export async function kv2Metadata() {
  await step("kv2-metadata", async () => {
    const found = await metadata("app")
    const want = { current_version: 5, max_versions: 0, cas_required: false }
    same(part(found, "current_version", "max_versions", "cas_required"), want)
    same(Object.keys(found.versions).sort(), ["1", "2", "3", "4", "5"])
    holds("oldest_version" in found && found.created_time <= found.updated_time, "times in order")
  })
  await step("kv2-custom-metadata", async () => {
    await ask(vault.kv2.writeMetadata({ ...app, custom_metadata: { owner: "ann" } }))
    same((await metadata("app")).custom_metadata, { owner: "ann" })
  })
  await step("kv2-custom-metadata-patch", async () => {
    await ask(vault.kv2.patchMetadata({ ...app, custom_metadata: { team: "core" } }))
    same((await ask(vault.kv2.read(app))).data.metadata.custom_metadata, { owner: "ann", team: "core" })
  })
  await step("kv2-max-versions", async () => {
    for (const count of [1, 2, 3, 4, 5, 6]) await put("bounded", { count })
    await absent("bounded", 1)
    const found = await metadata("bounded")
    same(Object.keys(found.versions).sort(), ["2", "3", "4", "5", "6"])
    same(found.oldest_version, 2)
  })
  await step("kv2-cas-required", async () => {
    await ask(vault.kv2.writeMetadata({ ...secret, path: "guarded", cas_required: true }))
    await refused(400, put("guarded", first), "check-and-set parameter required")
    same((await put("guarded", first, { cas: 0 })).version, 1)
  })
  const keys = async (path: string) => (await ask(vault.kv2.list({ ...secret, path }))).data.keys
  await step("kv2-list", async () => {
    await put("dir/inner", first)
    same(await keys(""), ["app", "bounded", "dir/", "fresh", "guarded"])
    same(await keys("dir"), ["inner"])
  })
  await step("kv2-delete-metadata", async () => {
    await ask(vault.kv2.deleteMetadata({ ...secret, path: "fresh" }))
    await absent("fresh")
    same(await list("secret/metadata"), ["app", "bounded", "dir/", "guarded"])
  })
}

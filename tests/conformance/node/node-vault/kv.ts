/** The chapters on KV. */

import { first, holds, inner, part, refused, same, second, step, third } from "../story.ts"
import { absent, ask, list, metadata, patch, put, type Reply, read, secretOf, vault, write } from "./client.ts"

export async function kv1() {
  await step("kv1-enable", () => ask(vault.mount({ mount_point: "kv1", type: "kv", options: { version: "1" } })))
  await step("kv1-write-read", async () => {
    await write("kv1/app", { user: "ann", count: 7 })
    const reply = await ask(vault.read("kv1/app"))
    const want = { data: { user: "ann", count: 7 }, lease_duration: 2764800, lease_id: "" }
    same(part(reply, "data", "lease_duration", "lease_id"), want)
  })
  await step("kv1-overwrite", async () => {
    await write("kv1/app", { user: "bob" })
    same(await read("kv1/app"), { user: "bob" })
  })
  await step("kv1-list", async () => {
    await write("kv1/dir/inner", { a: "b" })
    same(await list("kv1"), ["app", "dir/"])
  })
  await step("kv1-delete", async () => {
    await ask(vault.delete("kv1/app"))
    await refused(404, read("kv1/app"))
    same(await list("kv1"), ["dir/"])
  })
  await step("kv1-delete-last", async () => {
    await ask(vault.delete("kv1/dir/inner"))
    await refused(404, list("kv1"))
  })
}

export async function kv2Write() {
  await step("kv2-enable", () => ask(vault.mount({ mount_point: "secret", type: "kv", options: { version: "2" } })))
  await step("kv2-config", async () => {
    await write("secret/config", { max_versions: 5 })
    const want = { max_versions: 5, cas_required: false, delete_version_after: "0s" }
    same(part(await read("secret/config"), "max_versions", "cas_required", "delete_version_after"), want)
  })
  await step("kv2-write", async () => {
    const found = await put("app", first)
    same(part(found, "version", "deletion_time", "destroyed"), { version: 1, deletion_time: "", destroyed: false })
    holds(found.created_time, "a created_time")
  })
  await step("kv2-read", async () => {
    const found = await read("secret/data/app")
    same(found.data, first)
    const want = { version: 1, custom_metadata: null, deletion_time: "", destroyed: false }
    same(part(inner(found, "metadata"), "version", "custom_metadata", "deletion_time", "destroyed"), want)
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
    same((await patch("secret/data/app", { data: { more: "x" } })).data.version, 4)
    same(await secretOf("app"), { ...third, more: "x" })
  })
  await step("kv2-patch-null", async () => {
    same((await patch("secret/data/app", { data: { more: null } })).data.version, 5)
    same(await secretOf("app"), third)
  })
  await step("kv2-subkeys", async () => same((await read("secret/subkeys/app")).subkeys, { user: null, pass: null }))
}

export async function kv2Delete() {
  const versions = async () => inner(await metadata("app"), "versions")
  await step("kv2-delete-latest", async () => {
    await ask(vault.delete("secret/data/app"))
    await absent("app")
    const body = await vault
      .read("secret/data/app")
      .catch((error: { response: { body: Reply } }) => error.response.body)
    holds(inner(body.data, "metadata").deletion_time, "a deletion_time in the body of the 404")
    same(await secretOf("app", 4), { ...third, more: "x" })
  })
  await step("kv2-undelete", async () => {
    await write("secret/undelete/app", { versions: [5] })
    same(await secretOf("app"), third)
  })
  await step("kv2-delete-versions", async () => {
    await write("secret/delete/app", { versions: [3, 4] })
    await absent("app", 3)
    await absent("app", 4)
    const found = await versions()
    const deleted = Object.keys(found).map(number => inner(found, number).deletion_time !== "")
    same(deleted, [false, false, true, true, false])
  })
  await step("kv2-destroy", async () => {
    await write("secret/destroy/app", { versions: [4] })
    await write("secret/undelete/app", { versions: [4] })
    same(inner(await versions(), "4").destroyed, true)
    await absent("app", 4)
  })
}

export async function kv2Metadata() {
  await step("kv2-metadata", async () => {
    const found = await metadata("app")
    const want = { current_version: 5, max_versions: 0, cas_required: false }
    same(part(found, "current_version", "max_versions", "cas_required"), want)
    same(Object.keys(inner(found, "versions")).sort(), ["1", "2", "3", "4", "5"])
    holds("oldest_version" in found && `${found.created_time}` <= `${found.updated_time}`, "times in order")
  })
  await step("kv2-custom-metadata", async () => {
    await write("secret/metadata/app", { custom_metadata: { owner: "ann" } })
    same((await metadata("app")).custom_metadata, { owner: "ann" })
  })
  await step("kv2-custom-metadata-patch", async () => {
    await patch("secret/metadata/app", { custom_metadata: { team: "core" } })
    const found = inner(await read("secret/data/app"), "metadata")
    same(found.custom_metadata, { owner: "ann", team: "core" })
  })
  await step("kv2-max-versions", async () => {
    for (const count of [1, 2, 3, 4, 5, 6]) await put("bounded", { count })
    await absent("bounded", 1)
    const found = await metadata("bounded")
    same(Object.keys(inner(found, "versions")).sort(), ["2", "3", "4", "5", "6"])
    same(found.oldest_version, 2)
  })
  await step("kv2-cas-required", async () => {
    await write("secret/metadata/guarded", { cas_required: true })
    await refused(400, put("guarded", first), "check-and-set parameter required")
    same((await put("guarded", first, { cas: 0 })).version, 1)
  })
  await step("kv2-list", async () => {
    await put("dir/inner", first)
    same(await list("secret/metadata"), ["app", "bounded", "dir/", "fresh", "guarded"])
    same(await list("secret/metadata/dir"), ["inner"])
  })
  await step("kv2-delete-metadata", async () => {
    await ask(vault.delete("secret/metadata/fresh"))
    await absent("fresh")
    same(await list("secret/metadata"), ["app", "bounded", "dir/", "guarded"])
  })
}

/** The chapter Tokens. */

import { holds, known, part, refused, same, step, strings, withReader } from "../story.ts"
import { authOf, connect, create, dataOf, dead, list, lookup, read, remove, write } from "./client.ts"

const reader = { policies: ["reader"] }
const renew = (token: string, increment: string) => authOf(write("auth/token/renew", { token, increment }))
const revoke = (token: string) => write("auth/token/revoke", { token })

export async function tokenLife() {
  let token = ""
  let accessor: unknown
  await step("token-create", async () => {
    const auth = await create({ ...reader, ttl: "1h", display_name: "story", meta: { for: "story" } })
    token = `${auth.client_token}`
    accessor = auth.accessor
    const found = await dataOf(write("auth/token/lookup", { token }))
    const want = {
      policies: withReader,
      path: "auth/token/create",
      orphan: false,
      display_name: "token-story",
      meta: { for: "story" },
      creation_ttl: 3600,
      num_uses: 0,
      type: "service",
    }
    same(part(found, ...Object.keys(want)), want)
    holds(Number(found.ttl) >= 3590 && Number(found.ttl) <= 3600, "a ttl of an hour")
  })
  await step("token-lookup-accessor", async () => {
    const found = await dataOf(write("auth/token/lookup-accessor", { accessor }))
    same(part(found, "id", "accessor", "display_name"), { id: "", accessor, display_name: "token-story" })
  })
  await step("token-renew", async () => {
    same((await renew(token, "2h")).lease_duration, 7200)
    const auth = await authOf(write("auth/token/renew-self", { increment: "3h" }, connect(token)))
    same(auth.lease_duration, 10800)
  })
  await step("token-revoke", async () => {
    await revoke(token)
    await dead(token)
  })
  await step("token-revoke-accessor", async () => {
    const auth = await create(reader)
    await write("auth/token/revoke-accessor", { accessor: auth.accessor })
    await dead(`${auth.client_token}`)
  })
  await step("token-accessors", async () => {
    const found = strings(await list("auth/token/accessors"))
    holds(found.includes(`${(await lookup(known.ann)).accessor}`), "ann's accessor among the accessors")
  })
}

export async function tokenKinds() {
  const tokenOf = async (options: object) => `${(await create({ ...options })).client_token}`
  const family = async () => {
    const parent = await tokenOf({ policies: ["root"] })
    return { parent, child: `${(await create(reader, connect(parent))).client_token}` }
  }
  await step("token-child", async () => {
    const { parent, child } = await family()
    await lookup(child)
    await revoke(parent)
    await dead(child)
  })
  await step("token-orphan", async () => {
    const auth = await authOf(write("auth/token/create-orphan", reader))
    same([auth.orphan, (await lookup(`${auth.client_token}`)).orphan], [true, true])
  })
  await step("token-revoke-orphan", async () => {
    const { parent, child } = await family()
    await write("auth/token/revoke-orphan", { token: parent })
    await dead(parent)
    same((await lookup(child)).orphan, true)
  })
  await step("token-use-limit", async () => {
    const limited = await tokenOf({ ...reader, num_uses: 2 })
    await lookup(limited)
    await lookup(limited)
    await dead(limited)
  })
  await step("token-periodic", async () => {
    const periodic = await tokenOf({ ...reader, period: "1h" })
    same((await lookup(periodic)).period, 3600)
    same((await renew(periodic, "10h")).lease_duration, 3600)
  })
  await step("token-explicit-max", async () =>
    same((await create({ ...reader, ttl: "1h", explicit_max_ttl: "30m" })).lease_duration, 1800),
  )
  await step("token-batch", async () => {
    const auth = await create({ ...reader, type: "batch", ttl: "1h" })
    const want = { renewable: false, token_type: "batch", accessor: "" }
    same(part(auth, ...Object.keys(want)), want)
    const token = `${auth.client_token}`
    same((await lookup(token)).type, "batch")
    await refused(400, revoke(token), "batch tokens cannot be revoked")
  })
}

export async function tokenRoles() {
  const path = "auth/token/roles/deployer"
  await step("token-role", async () => {
    await write(path, { allowed_policies: ["reader"], orphan: true, path_suffix: "v1.0" })
    const auth = await authOf(write("auth/token/create/deployer", reader))
    const want = { policies: withReader, path: "auth/token/create/deployer/v1.0", orphan: true, role: "deployer" }
    same(part(await lookup(`${auth.client_token}`), ...Object.keys(want)), want)
    await refused(400, write("auth/token/create/deployer", { policies: ["other"] }))
  })
  await step("token-role-delete", async () => {
    same(await list("auth/token/roles"), ["deployer"])
    await remove(path)
    await refused(404, read(path))
  })
}

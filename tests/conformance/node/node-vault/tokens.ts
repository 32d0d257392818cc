/** The chapter Tokens. */

import { holds, known, part, refused, same, step, strings, withReader } from "../story.ts"
import { ask, asRoot, connect, create, dead, lookup, type Reply, vault, write } from "./client.ts"

export async function tokenLife() {
  let one: Reply["auth"] = { client_token: "", accessor: "", lease_duration: 0 }
  await step("token-create", async () => {
    one = await create({ policies: ["reader"], ttl: "1h", display_name: "story", meta: { for: "story" } })
    const found = (await ask<Reply>(vault.tokenLookup({ token: one.client_token }))).data
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
    const { data } = await ask<Reply>(vault.tokenLookupAccessor({ accessor: one.accessor }))
    const want = { id: "", accessor: one.accessor, display_name: "token-story" }
    same(part(data, "id", "accessor", "display_name"), want)
  })
  await step("token-renew", async () => {
    same((await ask(asRoot().tokenRenew({ token: one.client_token, increment: "2h" }))).auth.lease_duration, 7200)
    same((await ask(connect(one.client_token).tokenRenewSelf({ increment: "3h" }))).auth.lease_duration, 10800)
  })
  await step("token-revoke", async () => {
    await ask(vault.tokenRevoke({ token: one.client_token }))
    await dead(one.client_token)
  })
  await step("token-revoke-accessor", async () => {
    const auth = await create({ policies: ["reader"] })
    await ask(vault.tokenRevokeAccessor({ accessor: auth.accessor }))
    await dead(auth.client_token)
  })
  await step("token-accessors", async () => {
    const { keys } = (await ask<Reply>(vault.tokenAccessors())).data
    holds(strings(keys).includes(`${(await lookup(known.ann)).accessor}`), "ann's accessor among the accessors")
  })
}

export async function tokenKinds() {
  const family = async () => {
    const parent = (await create({ policies: ["root"] })).client_token
    const child: Reply = await ask(connect(parent).tokenCreate({ policies: ["reader"] }))
    return { parent, child: child.auth.client_token }
  }
  await step("token-child", async () => {
    const { parent, child } = await family()
    await lookup(child)
    await ask(vault.tokenRevoke({ token: parent }))
    await dead(child)
  })
  await step("token-orphan", async () => {
    const { auth } = await ask<Reply>(asRoot().tokenCreateOrphan({ policies: ["reader"] }))
    same([auth.orphan, (await lookup(auth.client_token)).orphan], [true, true])
  })
  await step("token-revoke-orphan", async () => {
    const { parent, child } = await family()
    await ask(vault.tokenRevokeOrphan({ token: parent }))
    await dead(parent)
    same((await lookup(child)).orphan, true)
  })
  await step("token-use-limit", async () => {
    const limited = (await create({ policies: ["reader"], num_uses: 2 })).client_token
    await lookup(limited)
    await lookup(limited)
    await dead(limited)
  })
  await step("token-periodic", async () => {
    const periodic: Reply = await write("auth/token/create", { policies: ["reader"], period: "1h" })
    const token = periodic.auth.client_token
    same((await lookup(token)).period, 3600)
    same((await ask(asRoot().tokenRenew({ token, increment: "10h" }))).auth.lease_duration, 3600)
  })
  await step("token-explicit-max", async () =>
    same((await create({ policies: ["reader"], ttl: "1h", explicit_max_ttl: "30m" })).lease_duration, 1800),
  )
  await step("token-batch", async () => {
    const { auth } = await write("auth/token/create", { policies: ["reader"], type: "batch", ttl: "1h" })
    const want = { renewable: false, token_type: "batch", accessor: "" }
    same(part(auth, "renewable", "token_type", "accessor"), want)
    same((await lookup(auth.client_token)).type, "batch")
    await refused(400, ask(vault.tokenRevoke({ token: auth.client_token })), "batch tokens cannot be revoked")
  })
  await step("token-role", async () => {
    await write("auth/token/roles/deployer", { allowed_policies: ["reader"], orphan: true, path_suffix: "v1.0" })
    const role_name = "deployer"
    const { auth } = await ask<Reply>(asRoot().tokenCreateRole({ role_name, policies: ["reader"] }))
    const want = { policies: withReader, path: "auth/token/create/deployer/v1.0", orphan: true, role: role_name }
    same(part(await lookup(auth.client_token), ...Object.keys(want)), want)
    await refused(400, ask(asRoot().tokenCreateRole({ role_name, policies: ["other"] })))
  })
  await step("token-role-delete", async () => {
    same((await ask<Reply>(vault.tokenRoles())).data.keys, ["deployer"])
    await ask(vault.removeTokenRole({ role_name: "deployer" }))
    await refused(404, ask(vault.getTokenRole({ role_name: "deployer" })))
  })
}

/** The chapter Login. */

import { type Data, inner, known, part, refused, same, step, withReader } from "../story.ts"
import { ask, connect, dead, list, lookup, type Reply, read, vault, write } from "./client.ts"

export async function login() {
  await step("token-self", async () => {
    const want = { policies: ["root"], path: "auth/token/root", ttl: 0, orphan: true, id: known.root }
    same(part(await lookup(known.root), "policies", "path", "ttl", "orphan", "id"), want)
  })
  await step("token-unknown", () => dead("hvs.CAESIJ0000000000000000000000000"))
  await step("auth-enable", async () => {
    await ask(vault.enableAuth({ mount_point: "userpass", type: "userpass", description: "people" }))
    await ask(vault.enableAuth({ mount_point: "approle", type: "approle", description: "programs" }))
  })
  await step("auth-list", async () => {
    const reply = await ask<Record<string, Data> & { data: Record<string, Data> }>(vault.auths())
    for (const found of [reply, reply.data]) {
      same(found["token/"]?.type, "token")
      same(part(found["userpass/"] ?? {}, "type", "description"), { type: "userpass", description: "people" })
      same(part(found["approle/"] ?? {}, "type", "description"), { type: "approle", description: "programs" })
    }
  })
  await step("auth-tune", async () => {
    await write("sys/auth/userpass/tune", { default_lease_ttl: "1h", max_lease_ttl: "2h" })
    const found = await read("sys/auth/userpass/tune")
    same(part(found, "default_lease_ttl", "max_lease_ttl"), { default_lease_ttl: 3600, max_lease_ttl: 7200 })
  })
}

export async function people() {
  await step("userpass-user", async () => {
    await write("auth/userpass/users/ann", { password: "pw-ann", token_policies: "reader" })
    same((await read("auth/userpass/users/ann")).token_policies, ["reader"])
  })
  await step("userpass-login", async () => {
    const { auth } = await ask<Reply>(connect().userpassLogin({ username: "ann", password: "pw-ann" }))
    known.ann = auth.client_token
    const want = { policies: withReader, metadata: { username: "ann" }, lease_duration: 3600, renewable: true }
    same(part(auth, "policies", "metadata", "lease_duration", "renewable"), want)
    same((await lookup(known.ann)).display_name, "userpass-ann")
  })
  await step("userpass-wrong-password", () =>
    refused(400, ask(connect().userpassLogin({ username: "ann", password: "no" })), "invalid username or password"),
  )
  await step("userpass-users", async () => {
    await write("auth/userpass/users/bob", { password: "pw-bob" })
    same(await list("auth/userpass/users"), ["ann", "bob"])
    await ask(vault.delete("auth/userpass/users/bob"))
    same(await list("auth/userpass/users"), ["ann"])
  })
}

export async function programs() {
  let pair: Data = {}
  const role_name = "app"
  await step("approle-role", async () => {
    await write("auth/approle/role/app", { token_policies: ["reader"], token_ttl: "20m", secret_id_num_uses: 1 })
    const { data } = await ask<Reply>(vault.getApproleRole({ role_name }))
    const want = { token_policies: ["reader"], token_ttl: 1200, secret_id_num_uses: 1, bind_secret_id: true }
    same(part(data, "token_policies", "token_ttl", "secret_id_num_uses", "bind_secret_id"), want)
  })
  await step("approle-login", async () => {
    const { role_id } = (await ask<Reply>(vault.getApproleRoleId({ role_name }))).data
    const { secret_id } = (await ask<Reply>(vault.getApproleRoleSecret({ role_name, metadata: '{"host":"one"}' }))).data
    pair = { role_id, secret_id }
    const { auth } = await ask<Reply>(connect().approleLogin(pair))
    same(part(auth, "policies", "lease_duration"), { policies: withReader, lease_duration: 1200 })
    same(inner(auth, "metadata").role_name, "app")
    same((await lookup(auth.client_token)).display_name, "approle")
  })
  await step("approle-secret-id-spent", () =>
    refused(400, ask(connect().approleLogin(pair)), "invalid role or secret ID"),
  )
  await step("approle-secret-id-destroy", async () => {
    const { secret_id_accessor } = (await ask<Reply>(vault.getApproleRoleSecret({ role_name }))).data
    same((await ask<Reply>(vault.approleSecretAccessors({ role_name }))).data.keys, [secret_id_accessor])
    await ask(vault.approleSecretAccessorDestroy({ role_name, secret_id_accessor }))
    await refused(404, ask(vault.approleSecretAccessors({ role_name })))
  })
}

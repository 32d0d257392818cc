/** The chapter Login. */

import { inner, known, part, refused, same, step, withReader } from "../story.ts"
import { authOf, connect, dataOf, dead, list, lookup, read, remove, write } from "./client.ts"

export async function login() {
  await step("token-self", async () => {
    const want = { policies: ["root"], path: "auth/token/root", ttl: 0, orphan: true, id: known.root }
    same(part(await lookup(known.root), ...Object.keys(want)), want)
  })
  await step("token-unknown", () => dead("hvs.CAESIJ0000000000000000000000000"))
  await step("auth-enable", async () => {
    await write("sys/auth/userpass", { type: "userpass", description: "people" })
    await write("sys/auth/approle", { type: "approle", description: "programs" })
  })
  await step("auth-list", async () => {
    const found = await read("sys/auth")
    same(inner(found, "token/").type, "token")
    same(part(inner(found, "userpass/"), "type", "description"), { type: "userpass", description: "people" })
    same(part(inner(found, "approle/"), "type", "description"), { type: "approle", description: "programs" })
  })
  await step("auth-tune", async () => {
    await write("sys/auth/userpass/tune", { default_lease_ttl: "1h", max_lease_ttl: "2h" })
    const found = await read("sys/auth/userpass/tune")
    same(part(found, "default_lease_ttl", "max_lease_ttl"), { default_lease_ttl: 3600, max_lease_ttl: 7200 })
  })
}

export async function people() {
  const logIn = (password: string) => authOf(write("auth/userpass/login/ann", { password }, connect()))
  await step("userpass-user", async () => {
    await write("auth/userpass/users/ann", { password: "pw-ann", token_policies: ["reader"] })
    same((await read("auth/userpass/users/ann")).token_policies, ["reader"])
  })
  await step("userpass-login", async () => {
    const auth = await logIn("pw-ann")
    known.ann = `${auth.client_token}`
    const want = { policies: withReader, metadata: { username: "ann" }, lease_duration: 3600, renewable: true }
    same(part(auth, ...Object.keys(want)), want)
    same((await lookup(known.ann)).display_name, "userpass-ann")
  })
  await step("userpass-wrong-password", () => refused(400, logIn("no"), "invalid username or password"))
  await step("userpass-users", async () => {
    await write("auth/userpass/users/bob", { password: "pw-bob" })
    same(await list("auth/userpass/users"), ["ann", "bob"])
    await remove("auth/userpass/users/bob")
    same(await list("auth/userpass/users"), ["ann"])
  })
}

export async function programs() {
  const role = "auth/approle/role/app"
  let pair = {}
  await step("approle-role", async () => {
    await write(role, { token_policies: ["reader"], token_ttl: "20m", secret_id_num_uses: 1 })
    const want = { token_policies: ["reader"], token_ttl: 1200, secret_id_num_uses: 1, bind_secret_id: true }
    same(part(await read(role), ...Object.keys(want)), want)
  })
  await step("approle-login", async () => {
    const { role_id } = await read(`${role}/role-id`)
    const { secret_id } = await dataOf(write(`${role}/secret-id`, { metadata: '{"host":"one"}' }))
    pair = { role_id, secret_id }
    const auth = await authOf(write("auth/approle/login", pair, connect()))
    same(part(auth, "policies", "lease_duration"), { policies: withReader, lease_duration: 1200 })
    same(inner(auth, "metadata").role_name, "app")
    same((await lookup(`${auth.client_token}`)).display_name, "approle")
  })
  await step("approle-secret-id-spent", () =>
    refused(400, write("auth/approle/login", pair, connect()), "invalid role or secret ID"),
  )
  await step("approle-secret-id-destroy", async () => {
    const { secret_id_accessor } = await dataOf(write(`${role}/secret-id`, {}))
    same(await list(`${role}/secret-id`), [secret_id_accessor])
    await write(`${role}/secret-id-accessor/destroy`, { secret_id_accessor })
    await refused(404, list(`${role}/secret-id`))
  })
}

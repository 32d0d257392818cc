/** The chapters Policies and Wrapping. */

import { first, known, part, readerRules, refused, same, step, third } from "../story.ts"
import { ask, connect, lookup, type Reply, vault, write } from "./client.ts"

export async function policies() {
  const addPolicy = (name: string, policy: string) => ask(vault.addPolicy({ name, policy }))
  await step("policy-write", async () => {
    await addPolicy("reader", readerRules)
    same((await ask<Reply>(vault.getPolicy({ name: "reader" }))).data.rules, readerRules)
  })
  await step("policy-list", async () => {
    const reply = await ask<Reply & { policies: string[] }>(vault.policies())
    same(reply.data.policies, ["default", "reader", "root"])
    same(reply.policies, ["default", "reader", "root"])
  })
  await step("policy-allows", async () =>
    same((await ask(connect(known.ann).read("secret/data/app"))).data.data, third),
  )
  await step("policy-denies", async () => {
    await refused(403, ask(connect(known.ann).write("secret/data/app", { data: first })), "permission denied")
    await refused(403, ask(connect(known.ann).read("secret/data/bounded")), "permission denied")
  })
  await step("capabilities-self", async () => {
    const paths = ["secret/data/app", "sys/seal"]
    const { data } = await ask<Reply>(connect(known.ann).write("sys/capabilities-self", { paths }))
    same(part(data, ...paths), { "secret/data/app": ["read"], "sys/seal": ["deny"] })
    same((await write("sys/capabilities-self", { paths: ["sys/seal"] })).data.capabilities, ["root"])
  })
  await step("capabilities-token", async () => {
    const path = "secret/data/app"
    same((await write("sys/capabilities", { token: known.ann, paths: [path] })).data.capabilities, ["read"])
    const { accessor } = await lookup(known.ann)
    same((await write("sys/capabilities-accessor", { accessor, paths: [path] })).data.capabilities, ["read"])
  })
  await step("policy-invalid", async () => {
    await refused(400, addPolicy("broken", 'path "a" { capabilities = ["fly"] }'))
    await refused(400, addPolicy("broken", "path {{{"))
  })
  await step("policy-delete", async () => {
    await addPolicy("other", readerRules)
    await ask(vault.removePolicy({ name: "other" }))
    await refused(404, ask(vault.getPolicy({ name: "other" })))
  })
}

export async function wrapping() {
  const notValid = "wrapping token is not valid or does not exist"
  const headers = { "X-Vault-Wrap-TTL": "5m" }
  let wrapped = ""
  await step("wrap", async () => {
    const reply = await ask<Reply>(vault.read("secret/data/app", { headers: { ...headers } }))
    same(part(reply.wrap_info, "ttl", "creation_path"), { ttl: 300, creation_path: "secret/data/app" })
    same(reply.data, null)
    wrapped = reply.wrap_info.token
  })
  await step("wrap-lookup", async () => {
    const { data } = await write("sys/wrapping/lookup", { token: wrapped })
    same(part(data, "creation_ttl", "creation_path"), { creation_ttl: 300, creation_path: "secret/data/app" })
  })
  await step("unwrap", async () => same((await ask(vault.unwrap({ token: wrapped }))).data.data, third))
  await step("unwrap-twice", () => refused(400, ask(vault.unwrap({ token: wrapped })), notValid))
  await step("rewrap", async () => {
    const before: Reply = await ask(vault.write("sys/wrapping/wrap", { a: "b" }, { headers: { ...headers } }))
    const after = await write("sys/wrapping/rewrap", { token: before.wrap_info.token })
    await refused(400, ask(vault.unwrap({ token: before.wrap_info.token })))
    same((await ask(vault.unwrap({ token: after.wrap_info.token }))).data, { a: "b" })
  })
}

/** The chapters Policies and Wrapping. */

import { first, inner, known, part, readerRules, refused, same, step, third } from "../story.ts"
import { ask, connect, dataOf, list, lookup, read, remove, vault, write } from "./client.ts"

export async function policies() {
  const put = (name: string, policy: string) => write(`sys/policies/acl/${name}`, { policy })
  await step("policy-write", async () => {
    await put("reader", readerRules)
    same((await read("sys/policies/acl/reader")).policy, readerRules)
  })
  await step("policy-list", async () => same(await list("sys/policies/acl"), ["default", "reader", "root"]))
  const asAnn = () => connect(known.ann).kv2
  const app = { mountPath: "secret", path: "app" }
  await step("policy-allows", async () => same((await ask(asAnn().read(app))).data.data, third))
  await step("policy-denies", async () => {
    await refused(403, ask(asAnn().write({ ...app, data: first })), "permission denied")
    await refused(403, ask(asAnn().read({ mountPath: "secret", path: "bounded" })), "permission denied")
  })
  await step("capabilities-self", async () => {
    const paths = ["secret/data/app", "sys/seal"]
    const found = await dataOf(write("sys/capabilities-self", { paths }, connect(known.ann)))
    same(part(found, ...paths), { "secret/data/app": ["read"], "sys/seal": ["deny"] })
    same((await dataOf(write("sys/capabilities-self", { paths: ["sys/seal"] }))).capabilities, ["root"])
  })
  await step("capabilities-token", async () => {
    const paths = ["secret/data/app"]
    same((await dataOf(write("sys/capabilities", { token: known.ann, paths }))).capabilities, ["read"])
    const { accessor } = await lookup(known.ann)
    same((await dataOf(write("sys/capabilities-accessor", { accessor, paths }))).capabilities, ["read"])
  })
  await step("policy-invalid", async () => {
    await refused(400, put("broken", 'path "a" { capabilities = ["fly"] }'))
    await refused(400, put("broken", "path {{{"))
  })
  await step("policy-delete", async () => {
    await put("other", readerRules)
    await remove("sys/policies/acl/other")
    await refused(404, read("sys/policies/acl/other"))
  })
}

export async function wrapping() {
  const inFiveMinutes = { headers: { "X-Vault-Wrap-TTL": "5m" } }
  const unwrap = (token: unknown) => write("sys/wrapping/unwrap", { token })
  let token: unknown
  await step("wrap", async () => {
    const reply = await ask(vault.read({ path: "secret/data/app" }, inFiveMinutes))
    const found = inner(reply, "wrap_info")
    same(part(found, "ttl", "creation_path"), { ttl: 300, creation_path: "secret/data/app" })
    same(reply.data, null)
    token = found.token
  })
  await step("wrap-lookup", async () => {
    const found = await dataOf(write("sys/wrapping/lookup", { token }))
    same(part(found, "creation_ttl", "creation_path"), { creation_ttl: 300, creation_path: "secret/data/app" })
  })
  await step("unwrap", async () => same((await dataOf(unwrap(token))).data, third))
  await step("unwrap-twice", () => refused(400, unwrap(token), "wrapping token is not valid or does not exist"))
  await step("rewrap", async () => {
    const before = await ask(vault.write({ path: "sys/wrapping/wrap", data: { a: "b" } }, inFiveMinutes))
    const after = await write("sys/wrapping/rewrap", { token: tokenIn(before) })
    await refused(400, unwrap(tokenIn(before)))
    same(await dataOf(unwrap(tokenIn(after))), { a: "b" })
  })
}

const tokenIn = (reply: unknown): unknown => inner(inner({ reply }, "reply"), "wrap_info").token

/** Attack class 1.2: the policy engine, through the whole server. What it decides by itself is tested in policy/. */

import assert from "node:assert/strict"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const get = (path: string, token: string) => house.ask({ path, token })
const put = (path: string, body: unknown, token?: string) =>
  house.ask({ method: "PUT", path, body, ...(token === undefined ? {} : { token }) })
const READ = 'capabilities = ["read"]'

attack(house, "B03", "a resource has one verdict, whatever way its path is written", async () => {
  await put("secret/data/vault/key", { data: { value: house.canary() } })
  await put("sys/namespaces/team", {})
  await house.ask({ method: "PUT", path: "sys/mounts/kv", namespace: "team", body: { type: "kv" } })
  await house.ask({ method: "PUT", path: "kv/x", namespace: "team", body: { value: house.canary() } })
  const token = await house.token(`path "secret/data/*" { ${READ} }
path "secret/data/vault/+" { capabilities = ["deny"] }
path "team/kv/*" { ${READ} }
path "team/kv/x" { capabilities = ["deny"] }`)
  const ways = [
    "secret/data/vault/key",
    "secret//data/vault/key",
    "secret/data//vault///key",
    "secret/data/vault/%6bey",
  ]
  await house.refused(async () => {
    const answers = []
    for (const path of [...ways, "secret/data/vault/key/", "secret/data/vault%2fkey"])
      answers.push(await get(path, token))
    for (const path of ["team/kv/x", "team//kv/x", "team/kv//x"]) answers.push(await get(path, token))
    for (const namespace of ["team", "/team/", "team/"])
      answers.push(await house.ask({ path: "kv/x", namespace, token }))
    return answers
  })
})

attack(house, "B03", "the most specific rule decides, in whatever order the policies are attached", async () => {
  await put("secret/data/app/db", { data: { a: 1 } })
  const names = ["broad", "plus", "exact"]
  await put("sys/policies/acl/broad", { policy: `path "secret/data/*" { ${READ} }` })
  await put("sys/policies/acl/plus", { policy: 'path "secret/data/+/db" { capabilities = ["update"] }' })
  await put("sys/policies/acl/exact", { policy: `path "secret/data/app/db" { ${READ} }` })
  for (const policies of [names, [...names].reverse(), ["plus", "exact", "broad"]]) {
    const { client_token: token } = await house.must({ method: "PUT", path: "auth/token/create", body: { policies } })
    assert.equal((await get("secret/data/app/db", String(token))).status, 200)
  }
  const two = await house.must({ method: "PUT", path: "auth/token/create", body: { policies: ["broad", "plus"] } })
  assert.equal((await get("secret/data/app/db", String(two.client_token))).status, 403)
})

attack(house, "B05", "parameters that are not allowed do not come in by another door", async () => {
  const token = await house.token(
    'path "kv1/p" { capabilities = ["create", "update", "read"] allowed_parameters = { "a" = ["x", 1] } }',
  )
  assert.equal((await put("kv1/p", { a: "x" }, token)).status, 204)
  await house.refused(async () => [
    await put("kv1/p", { a: "y" }, token),
    await put("kv1/p", { a: ["x"] }, token),
    await put("kv1/p", { a: { x: "x" } }, token),
    await put("kv1/p", { a: null }, token),
    await put("kv1/p", { a: true }, token),
    await put("kv1/p", { a: "x", b: 1 }, token),
    await put("kv1/p", { A: "y" }, token),
    await put("kv1/p", '{"a":"x","a":"y"}', token),
    await house.ask({
      method: "PUT",
      path: "kv1/p",
      token,
      body: "a=y",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    }),
    await house.ask({ path: "kv1/p?b=1", token }),
  ])
  assert.deepEqual(fields(fields((await house.ask({ path: "kv1/p" })).json).data), { a: "x" })
})

attack(house, "B06", "what a rule requires cannot be left out or be empty", async () => {
  const token = await house.token(`path "kv1/r" { capabilities = ["create", "update"] required_parameters = ["why"] }
path "kv1/w" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }`)
  await put("kv1/w", { value: house.canary() })
  const wrapped = (ttl: string) => house.ask({ path: "kv1/w", token, headers: { "X-Vault-Wrap-TTL": ttl } })
  await house.refused(async () => [
    await put("kv1/r", {}, token),
    await put("kv1/r", { why: null }, token),
    await put("kv1/r", { why: "" }, token),
    await put("kv1/r", { WHY: "" }, token),
    await get("kv1/w", token),
    await wrapped("0"),
    await wrapped("59s"),
    await wrapped("2h"),
    await wrapped("-60s"),
  ])
  assert.equal((await wrapped("60s")).status, 200)
})

attack(house, "B09", "a policy name leads to the policy of that name in this namespace, or to none", async () => {
  const names = ["../root", "ns/../root", "%2e%2e/root", "/root", "root/", "acl/root", "..", "root\u0000", "ro\u00adot"]
  for (const name of names) {
    const made = await put("auth/token/create", { policies: [name] })
    assert.ok(made.status === 200 || made.status === 400, `${name}: ${made.text}`)
    if (made.status !== 200) continue
    const token = String(fields(fields(made.json).auth).client_token)
    assert.equal((await get("sys/policies/acl/default", token)).status, 403, name)
    assert.equal((await get("secret/data/x", token)).status, 403, name)
  }
  await house.refused(async () => [
    await put("sys/policies/acl/%2e%2e/root", { policy: `path "*" { ${READ} }` }),
    await put("sys/policies/acl/root", { policy: `path "*" { ${READ} }` }),
    await put("sys/policy/root", { policy: `path "*" { ${READ} }` }),
    await put("sys/policies/acl/ROOT", { policy: `path "*" { ${READ} }` }),
  ])
})

attack(house, "B11", "what sys/capabilities-self says is what happens", async () => {
  await put("kv1/c/x", { a: 1 })
  const rules = `path "kv1/c/*" { capabilities = ["read", "list"] }
path "kv1/c/x" { capabilities = ["read", "delete"] }
path "kv1/+/y" { capabilities = ["create", "update"] }
path "kv1/c/no*" { capabilities = ["deny"] }`
  const token = await house.token(rules)
  for (const path of ["kv1/c/x", "kv1/c/y", "kv1/c/nope", "kv1/c/", "kv1/d/y", "kv1/d/z"]) {
    const told = await house.ask({ method: "PUT", path: "sys/capabilities-self", token, body: { paths: [path] } })
    const capabilities = fields(fields(told.json).data)[path] as string[]
    const really = {
      read: (await get(path, token)).status !== 403,
      list: (await house.ask({ method: "LIST", path, token })).status !== 403,
      update: path.endsWith("/") ? capabilities.includes("update") : (await put(path, { a: 1 }, token)).status !== 403,
      delete: (await house.ask({ method: "DELETE", path, token })).status !== 403,
    }
    for (const [verb, happened] of Object.entries(really))
      assert.equal(capabilities.includes(verb), happened, `${verb} ${path}`)
  }
})

attack(house, "B14", "the policies that hold the house cannot be changed", async () => {
  await house.refused(async () => [
    await put("sys/policies/acl/root", { policy: `path "x" { ${READ} }` }),
    await house.ask({ method: "DELETE", path: "sys/policies/acl/root" }),
    await house.ask({ method: "DELETE", path: "sys/policy/root" }),
    await house.ask({ method: "DELETE", path: "sys/policies/acl/default" }),
    await house.ask({ method: "DELETE", path: "sys/policies/acl/Default" }),
    await house.ask({ method: "DELETE", path: "sys/policies/acl/response-wrapping" }),
    await put("sys/policies/acl/response-wrapping", { policy: `path "x" { ${READ} }` }),
  ])
})

attack(house, "B15", "a policy that cannot be meant, or that costs too much, is refused", async () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `path "a/${at}" { ${READ} }`).join("\n")
  await house.refused(async () => [
    await put("sys/policies/acl/b15", { policy: `path "x" { ${READ} ${READ} }` }),
    await put("sys/policies/acl/b15", { policy: 'path "x" { capabilities = ["raed"] }' }),
    await put("sys/policies/acl/b15", { policy: 'path "x" { capabilites = ["read"] }' }),
    await put("sys/policies/acl/b15", { policy: "path" }),
    await put("sys/policies/acl/b15", { policy: "" }),
    await put("sys/policies/acl/b15", { policy: `${"(".repeat(10_000)}` }),
    await put("sys/policies/acl/b15", { policy: `path "x" ${"{ a = ".repeat(10_000)}` }),
    await put("sys/policies/acl/b15", { policy: `path "x" { a = ${"[".repeat(50_000)} }` }),
    await put("sys/policies/acl/b15", { policy: many(100_000) }),
  ])
  const comment = await put("sys/policies/acl/b15", { policy: `# ${"x".repeat(1_000_000)}\npath "x" { ${READ} }` })
  assert.ok(comment.status < 300 || comment.status === 400, comment.text)
})

attack(house, "B18", "a caller without rights learns nothing of which mounts there are", async () => {
  const empty = await house
    .token("", {})
    .catch(() => house.token(`path "none/at/all" { ${READ} }`, { no_default_policy: true }))
  for (const token of ["", empty, "hvs.nonsense"]) {
    const there = await get("secret/data/x", token)
    const absent = await get("absent/data/x", token)
    assert.equal(there.status, 403)
    assert.deepEqual([absent.status, absent.text], [there.status, there.text])
    for (const verb of ["LIST", "DELETE", "PATCH"]) {
      const headers = verb === "PATCH" ? { "Content-Type": "application/merge-patch+json" } : {}
      const body = verb === "PATCH" ? {} : undefined
      const [one, other] = [
        await house.ask({ method: verb, path: "secret/metadata/", token, headers, body }),
        await house.ask({ method: verb, path: "absent/metadata/", token, headers, body }),
      ]
      assert.deepEqual([other?.status, other?.text], [one?.status, one?.text], verb)
    }
    const shown = await get("sys/internal/ui/mounts/secret/data/x", token)
    const hidden = await get("sys/internal/ui/mounts/absent/data/x", token)
    assert.equal(shown.status, 403)
    assert.deepEqual([hidden.status, hidden.text.replaceAll("absent", "secret")], [shown.status, shown.text])
  }
})

memoryStaysBounded(house)

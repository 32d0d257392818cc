/** Attack class 1.4: identities and namespaces, as far as they exist. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../../server/testing.ts"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse({ env: { ARCA_UNAUTHED_ENDPOINTS: "" }, closedEndpoints: true })
const put = (path: string, body: unknown, more: { token?: string; namespace?: string } = {}) =>
  house.ask({ method: "PUT", path, body, ...more })
const ALL = 'path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }'

attack(house, "D01", "an auth method gives nobody the root policy, whatever way it is written", async () => {
  await put("sys/auth/up", { type: "userpass" })
  await put("sys/auth/ar", { type: "approle" })
  for (const name of ["root", "RoOt", " root ", "ROOT\t"]) {
    for (const [path, login] of [
      ["auth/up/users/mallory", { path: "auth/up/login/mallory", body: { password: "p" } }],
    ] as const) {
      await put(path, { password: "p", token_policies: [name] })
      const answer = await house.ask({ method: "PUT", ...login, token: "" })
      assert.equal(answer.status, 400, `${name}: ${answer.text}`)
    }
    await put("ar/role/x", {})
    const role = await put("auth/ar/role/mallory", {
      token_policies: [name],
      bind_secret_id: false,
      token_bound_cidrs: "127.0.0.1/32",
    })
    if (role.status !== 204) continue
    const { role_id } = await house.must({ path: "auth/ar/role/mallory/role-id" })
    assert.equal((await put("auth/ar/login", { role_id }, { token: "" })).status, 400, name)
  }
})

attack(house, "D01", "an entity or group that is given the policy root is refused, by whatever door", async () => {
  const made = await house.must({
    method: "PUT",
    path: "identity/entity",
    body: { name: "d01", policies: ["default"] },
  })
  const group = await house.must({ method: "PUT", path: "identity/group", body: { name: "d01" } })
  await house.refused(async () => {
    const answers = []
    for (const name of ["root", "RoOt", " root ", "root\t"]) {
      for (const policies of [[name], name, `default,${name}`, ["default", name]]) {
        answers.push(await put("identity/entity", { name: "d01b", policies }))
        answers.push(await put("identity/entity", { id: made.id, policies }))
        answers.push(await put(`identity/entity/id/${String(made.id)}`, { policies }))
        answers.push(await put("identity/entity/name/d01", { policies }))
        answers.push(await put("identity/group", { name: "d01b", policies }))
        answers.push(await put(`identity/group/id/${String(group.id)}`, { policies }))
        answers.push(await put("identity/group/name/d01", { policies }))
      }
    }
    return answers
  })
})

attack(house, "D03", "a name in the path and an id in the body do not lead to two entities", async () => {
  const one = await house.must({
    method: "PUT",
    path: "identity/entity",
    body: { name: "d03-one", metadata: { who: "one" } },
  })
  const two = await house.must({
    method: "PUT",
    path: "identity/entity",
    body: { name: "d03-two", metadata: { who: "two" } },
  })
  await house.refused(async () => [
    await put("identity/entity/name/d03-one", { id: two.id, policies: ["default"] }),
    await put("identity/entity", { id: one.id, name: "d03-two" }),
    await put(`identity/entity/id/${String(one.id)}`, { name: "d03-two" }),
  ])
  const byId = await put(`identity/entity/id/${String(one.id)}`, { id: two.id, metadata: { who: "x" } })
  assert.ok(byId.status < 500)
  const second = await house.must({ path: `identity/entity/id/${String(two.id)}` })
  assert.deepEqual(fields(second.metadata), { who: "two" })
})

attack(house, "D04", "nobody deletes, reads or merges entities of another namespace", async () => {
  const theirs = async (namespace: string) => {
    await put(`sys/namespaces/${namespace}`, {})
    await put("sys/policies/acl/all", { policy: ALL }, { namespace })
    const body = { policies: ["all"], no_parent: true }
    const made = await house.must({ method: "PUT", path: "auth/token/create", namespace, body })
    const entity = await house.must({
      method: "PUT",
      path: "identity/entity",
      namespace,
      body: { name: "same", metadata: { of: namespace } },
    })
    return { token: String(made.client_token), id: String(entity.id) }
  }
  const [one, two] = [await theirs("d04one"), await theirs("d04two")]
  const as = { namespace: "d04one", token: one.token }
  await put("identity/entity/batch-delete", { entity_ids: [two.id] }, as)
  await house.ask({ method: "DELETE", path: `identity/entity/id/${two.id}`, ...as })
  await put("identity/entity/merge", { from_entity_ids: [two.id], to_entity_id: one.id }, as)
  await put(`identity/entity/id/${two.id}`, { policies: ["all"], metadata: { of: "x" } }, as)
  await put("identity/group", { name: "g", member_entity_ids: [two.id], policies: ["all"] }, as)
  await put("identity/entity-alias", { name: "a", canonical_id: two.id, mount_accessor: "x" }, as)
  assert.ok((await house.ask({ path: `identity/entity/id/${two.id}`, ...as })).status >= 400)
  assert.ok((await put("identity/lookup/entity", { id: two.id }, as)).status !== 200)
  const untouched = await house.must({ path: `identity/entity/id/${two.id}`, namespace: "d04two" })
  assert.deepEqual(
    [untouched.metadata, untouched.policies, untouched.aliases, untouched.disabled],
    [{ of: "d04two" }, [], [], false],
  )
})

attack(house, "D13", "groups that contain themselves, or nest without end, are refused", async () => {
  const group = async (name: string, members: unknown[] = []) =>
    house.ask({ method: "PUT", path: "identity/group", body: { name, member_group_ids: members } })
  const id = (json: unknown) => fields(fields(json).data).id
  const a = id((await group("d13a")).json)
  const b = id((await group("d13b", [a])).json)
  const c = id((await group("d13c", [b])).json)
  await house.refused(async () => [
    await put(`identity/group/id/${String(a)}`, { member_group_ids: [a] }),
    await put(`identity/group/id/${String(a)}`, { member_group_ids: [b] }),
    await put(`identity/group/id/${String(a)}`, { member_group_ids: [c] }),
  ])
  let inner: unknown = a
  let refused = 0
  for (let depth = 0; depth < 60 && refused === 0; depth++) {
    const made = await group(`d13-${depth}`, [inner])
    if (made.status >= 400) refused = depth
    inner = id(made.json)
  }
  assert.ok(refused > 10 && refused < 60, `refused at ${refused}`)
})

attack(house, "D06", "one person is one entity, however the name is written", async () => {
  await put("sys/auth/people", { type: "userpass" })
  await put("auth/people/users/Alice", { password: "p", token_policies: ["default"] })
  const ids = new Set<unknown>()
  for (const name of ["alice", "Alice", "ALICE"]) {
    const login = await house.must({
      method: "PUT",
      path: `auth/people/login/${name}`,
      token: "",
      body: { password: "p" },
    })
    ids.add(login.entity_id)
  }
  assert.equal(ids.size, 1)
  for (const name of ["alice%20", "%20alice", "a%CC%81lice", "alice%00", "alice%E2%80%8B"]) {
    assert.ok((await put(`auth/people/login/${name}`, { password: "p" }, { token: "" })).status >= 400, name)
  }
})

attack(house, "D09", "a policy that names a path means no namespace that is made there later", async () => {
  const token = await house.token('path "later/secret/*" { capabilities = ["read"] }')
  assert.equal((await house.ask({ path: "later/secret/x", token })).status, 404)
  await house.must({ method: "PUT", path: "sys/namespaces/later", body: {} })
  await put("sys/mounts/secret", { type: "kv" }, { namespace: "later" })
  await put("secret/x", { value: 1 }, { namespace: "later" })
  // The policy stands in the root namespace and is written from there: the path is the one it names, by both ways.
  const [one, other] = [
    await house.ask({ path: "later/secret/x", token }),
    await house.ask({ path: "secret/x", namespace: "later", token }),
  ]
  assert.equal(one.status, other.status)
  // A policy of the new namespace means paths below it, not those of the root.
  const inside = await house.must({
    method: "PUT",
    path: "sys/policies/acl/own",
    namespace: "later",
    body: { policy: 'path "secret/*" { capabilities = ["read"] }' },
  })
  assert.ok(inside)
  await put("secret/data/top", { data: { value: house.canary() } })
  const made = await house.must({
    method: "PUT",
    path: "auth/token/create",
    namespace: "later",
    body: { policies: ["own"], no_parent: true },
  })
  const own = String(made.client_token)
  await house.refused(async () => [
    await house.ask({ path: "secret/data/top", token: own }),
    await house.ask({ path: "secret/data/top", token: own, namespace: "later/.." }),
    await house.ask({ path: "later/../secret/data/top", token: own, namespace: "later" }),
  ])
})

attack(house, "D10", "a deleted namespace leaves nothing, and a new one of its name is empty", async () => {
  await house.must({ method: "PUT", path: "sys/namespaces/gone", body: {} })
  await put("sys/mounts/kv", { type: "kv" }, { namespace: "gone" })
  await put("kv/x", { value: house.canary() }, { namespace: "gone" })
  await put("sys/policies/acl/all", { policy: ALL }, { namespace: "gone" })
  const made = await house.must({
    method: "PUT",
    path: "auth/token/create",
    namespace: "gone",
    body: { policies: ["all"], no_parent: true },
  })
  const token = String(made.client_token)
  assert.equal((await house.ask({ path: "kv/x", namespace: "gone", token })).status, 200)
  await house.must({ method: "DELETE", path: "sys/namespaces/gone" })
  assert.ok((await house.ask({ path: "kv/x", namespace: "gone", token })).status >= 400)
  for (;;) {
    const again = await put("sys/namespaces/gone", {})
    if (again.status === 200) break
    assert.match(again.text, /still being deleted/)
  }
  assert.equal((await house.ask({ path: "kv/x", namespace: "gone", token })).status, 403)
  assert.equal((await house.ask({ path: "kv/x", namespace: "gone" })).status, 404)
  assert.equal((await house.ask({ path: "sys/policies/acl/all", namespace: "gone" })).status, 404)
  using view = house.storage.view()
  const spaces = new Set((await view.keys("ns/")).map(key => key.split("/", 1)[0]))
  const { data } = fields((await house.ask({ method: "SCAN", path: "sys/namespaces" })).json) as {
    data: { keys: string[] }
  }
  assert.equal(spaces.size, data.keys.length + 1, "a store of its own for each namespace and the root, and no other")
})

attack(house, "D12", "what belongs to the whole server cannot be reached from a namespace", async () => {
  await put("sys/namespaces/tenant", {})
  await put("sys/policies/acl/all", { policy: ALL }, { namespace: "tenant" })
  const made = await house.must({
    method: "PUT",
    path: "auth/token/create",
    namespace: "tenant",
    body: { policies: ["all"], no_parent: true },
  })
  const token = String(made.client_token)
  const reads = [
    "audit",
    "config/cors",
    "config/auditing/request-headers",
    "config/ui/headers",
    "quotas/config",
    "quotas/rate-limit",
    "rotate/config",
    "key-status",
    "raw/core/keyring",
    "generate-root/attempt",
    "rekey/init",
    "host-info",
    "config/state/sanitized",
    "plugins/catalog",
    "storage/raft/configuration",
  ]
  const writes = [
    "seal",
    "audit/x",
    "rotate",
    "step-down",
    "rekey/init",
    "generate-root/attempt",
    "quotas/rate-limit/x",
    "config/cors",
    "rotate/config",
    "raw/x",
    "plugins/catalog/secret/x",
  ]
  await house.refused(async () => {
    const answers = []
    for (const path of reads) {
      answers.push(await house.ask({ path: `sys/${path}`, namespace: "tenant", token }))
      answers.push(await house.ask({ path: `tenant/sys/${path}`, token }))
      answers.push(await house.ask({ path: `sys/${path}`, token }))
    }
    for (const path of writes) {
      const body = { type: "file", options: { file_path: "/tmp/x" }, rate: 1, enabled: true }
      answers.push(await put(`sys/${path}`, body, { namespace: "tenant", token }))
      answers.push(await put(`tenant/sys/${path}`, body, { token }))
      answers.push(await put(`sys/${path}`, body, { token }))
      answers.push(await put(`sys/${path}`, body, { namespace: "..", token }))
    }
    return answers
  })
})

memoryStaysBounded(house)

test("D07: whoever is disabled has no rights from the next request on", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/up", { type: "userpass" })
  await vault.write("auth/up/users/eve", { password: "p", token_policies: ["default"] })
  const { auth } = await vault.write("auth/up/login/eve", { password: "p" })
  const token = String(auth.client_token)
  assert.equal((await vault.read("auth/token/lookup-self", { token })).status, 200)
  using view = vault.storage.view()
  const key = `ns/root/identity/entity/${String(auth.entity_id)}`
  const entity = JSON.parse(Buffer.from((await view.get(key)) ?? "").toString()) as object
  view.put(key, Buffer.from(JSON.stringify({ ...entity, disabled: true })))
  await vault.storage.commit(view)
  assert.equal((await vault.read("auth/token/lookup-self", { token })).status, 403)
  assert.ok((await vault.write("auth/up/login/eve", { password: "p" })).status >= 400)
})

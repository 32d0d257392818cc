/** Attack class 1.12: someone who can write to the store. */

import assert from "node:assert/strict"
import { appendFile, cp, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { memoryStorage, type Storage } from "@arca/storage"
import { serve } from "../../server/pipeline.ts"
import { ownRequest } from "../../server/revocation.ts"
import { type TestServer, testServer } from "../../server/testing.ts"
import { call, fields, startUnsealed } from "../parts/arca.ts"
import { attack, openHouse } from "./house.ts"

const house = await openHouse()
const put = (path: string, body: unknown) => house.ask({ method: "PUT", path, body })

/** Changes ciphertexts below a running server: `change` gets the stored bytes by key. */
async function tamper(
  storage: Storage,
  pattern: RegExp,
  change: (found: [string, Uint8Array][]) => [string, Uint8Array][],
): Promise<void> {
  using view = storage.view()
  const found: [string, Uint8Array][] = []
  for (const key of await view.keys("")) {
    const value = pattern.test(key) ? await view.get(key) : undefined
    if (value !== undefined) found.push([key, value])
  }
  assert.ok(found.length > 0, String(pattern))
  for (const [key, value] of change(found)) view.put(key, value)
  await storage.commit(view)
}

attack(house, "L01", "ciphertexts that change places are not read, and the log says so", async () => {
  house.allow(500)
  await put("kv1/rich", { balance: "1000" })
  await put("kv1/poor", { balance: "1" })
  const swap = ([one, other]: [string, Uint8Array][]): [string, Uint8Array][] =>
    one && other
      ? [
          [one[0], other[1]],
          [other[0], one[1]],
        ]
      : []
  await tamper(house.storage, /\/kv\/(rich|poor)$/, swap)
  for (const name of ["rich", "poor"]) {
    const { status, text } = await house.ask({ path: `kv1/${name}` })
    assert.equal(status, 500, text)
    assert.ok(!text.includes("balance"))
  }
  assert.match(house.running.log(), /authenticat|altered|tamper/i)
  await tamper(house.storage, /\/kv\/(rich|poor)$/, swap)
  assert.equal((await house.ask({ path: "kv1/rich" })).status, 200)
})

test("L01: not one bit of an entry can be changed, whatever it holds", async () => {
  const inner = memoryStorage()
  const vault = await testServer({ inner })
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("kv/x", { value: "kept" })
  await vault.policy("p", 'path "kv/*" { capabilities = ["read"] }')
  const token = await vault.token(["p"])
  using start = inner.view()
  const key = (await start.keys("")).find(one => one.endsWith("/kv/x")) ?? ""
  const right = Buffer.from((await start.get(key)) ?? "")
  for (let bit = 0; bit < right.length * 8; bit += 1) {
    const wrong = Buffer.from(right)
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    using view = inner.view()
    view.put(key, wrong)
    await inner.commit(view)
    assert.ok((await vault.read("kv/x", { token })).status >= 500, `bit ${bit}`)
  }
  for (const length of [0, 1, 12, right.length - 1]) {
    using view = inner.view()
    view.put(key, right.subarray(0, length))
    await inner.commit(view)
    assert.ok((await vault.read("kv/x", { token })).status >= 500, `cut to ${length}`)
  }
})

test("L01: what secures the house cannot be changed either: tokens, policies, mounts", async () => {
  const inner = memoryStorage()
  const vault = await testServer({ inner })
  await vault.policy("p", 'path "auth/token/lookup-self" { capabilities = ["read"] }')
  const token = await vault.token(["p"])
  const strong = await vault.token(["default", "p"])
  assert.equal((await vault.read("auth/token/lookup-self", { token })).status, 200)
  // The entry of a stronger token in the place of a weaker one.
  await tamper(inner, /^ns\/root\/token\/id\//, found =>
    found.map(([key], at) => [key, found[(at + 1) % found.length]?.[1] ?? new Uint8Array()]),
  )
  for (const one of [token, strong, vault.root])
    assert.ok((await vault.read("auth/token/lookup-self", { token: one })).status >= 403)
})

/** The store below a running server, as someone who can write its files has it. */
async function handsOn(inner: Storage, key: RegExp): Promise<{ key: string; value: Uint8Array }> {
  using view = inner.view()
  const found = (await view.keys("")).find(one => key.test(one)) ?? ""
  return { key: found, value: (await view.get(found)) ?? assert.fail(String(key)) }
}

async function putBehind(inner: Storage, key: string, value: Uint8Array | undefined): Promise<void> {
  using view = inner.view()
  if (value === undefined) view.delete(key)
  else view.put(key, value)
  await inner.commit(view)
}

async function counted(): Promise<{ vault: TestServer; inner: Storage }> {
  const inner = memoryStorage()
  const vault = await testServer({ inner })
  await vault.runJobs()
  await vault.write("sys/namespaces/team", {})
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.policy("strict", 'path "kv/*" { capabilities = ["deny"] }')
  await vault.write("sys/policies/acl/own", { policy: 'path "a" { capabilities = ["read"] }' }, { namespace: "team" })
  return { vault, inner }
}

/** What a check finds, ten minutes later. */
async function checked(vault: TestServer): Promise<unknown> {
  vault.clock.advance("11m")
  await vault.runJobs()
  const { found } = (await vault.read("sys/storage/rollback")).data
  return Array.isArray(found) ? found.map(one => (one as { entries?: unknown }).entries) : found
}

test("L03: an entry that is deleted behind the server is missed, whichever it is", async () => {
  for (const which of [/ns\/root\/policy\/acl\/strict$/, /ns\/root\/mounts$/, /policy\/acl\/own$/]) {
    const { vault, inner } = await counted()
    assert.equal(await checked(vault), undefined, "nothing is found where nothing was done")
    const { key, value } = await handsOn(inner, which)
    await putBehind(inner, key, undefined)
    vault.clock.advance("11m")
    await vault.runJobs()
    await putBehind(inner, key, value)
    const { found } = (await vault.read("sys/storage/rollback")).data
    assert.match(JSON.stringify(found), /"entries":\{"expected":(\d+),"found":\d+\}/)
    assert.equal(vault.server.rollback.standing(), true)
    assert.equal((await vault.delete("sys/storage/rollback")).status, 204)
    assert.equal(await checked(vault), undefined, "accepted, and right again")
  }
})

test("L03: what an entry held before is no substitute for what it holds", async () => {
  const { vault, inner } = await counted()
  const { key, value } = await handsOn(inner, /ns\/root\/policy\/acl\/strict$/)
  await vault.policy("strict", 'path "kv/*" { capabilities = ["deny"] } path "x" { capabilities = ["deny"] }')
  assert.equal(await checked(vault), undefined)
  await putBehind(inner, key, value)
  const found = await checked(vault)
  assert.ok(Array.isArray(found))
  const [{ expected, found: there }] = found as [{ expected: number; found: number }]
  assert.equal(expected, there)
  assert.equal(await vault.audited.requests.some(({ error }) => error === "entries of the store were changed"), true)
})

test("L03: whatever is done by requests, at the same time even, leaves nothing to be found", async () => {
  const { vault } = await counted()
  for (let round = 0; round < 5; round++) {
    await Promise.all([
      ...Array.from({ length: 12 }, (_, nth) =>
        vault.policy(`p${nth % 5}`, `path "${round}" { capabilities = ["read"] }`),
      ),
      vault.delete(`sys/policies/acl/p${round}`),
      vault.write(`sys/mounts/m${round}`, { type: "kv" }),
      vault.write("sys/quotas/rate-limit/q", { rate: 10 + round }),
      vault.write(
        "sys/policies/acl/own",
        { policy: `path "b${round}" { capabilities = ["read"] }` },
        { namespace: "team" },
      ),
    ])
    await vault.delete(`sys/mounts/m${round}`)
  }
  await vault.delete("sys/namespaces/team")
  await vault.runJobs()
  assert.equal(await checked(vault), undefined)
  const snapshot = await save(vault)
  await vault.policy("later", 'path "later" { capabilities = ["read"] }')
  assert.equal(await restore(vault, snapshot), 204)
  assert.equal(await checked(vault), undefined, "a restore brings the account of its time")
})

test("L04: an older copy of the whole database is found, said aloud, and not served where that is configured", async t => {
  const dir = await mkdtemp(join(tmpdir(), "arca-rollback-"))
  t.after(() => rm(dir, { recursive: true, force: true }))
  let server = await startUnsealed({ plain: true, dir })
  t.after(() => server.stop())
  const root = (method: string, path: string, body?: unknown) =>
    call(server, { method, path, token: server.token, body })
  const restart = async (between: () => Promise<void>) => {
    await server.stop()
    await between()
    server = { ...server, ...(await server.again()) }
    return call(server, { method: "PUT", path: "sys/unseal", body: { key: server.share } })
  }
  const [store, copy] = [join(dir, "store"), join(dir, "copy")]
  const enabled = await root("PUT", "sys/audit/file", {
    type: "file",
    options: { file_path: join(dir, "audit.log") },
  })
  assert.equal(enabled.status, 204, enabled.text)
  const made = await root("PUT", "auth/token/create", { policies: ["default"] })
  const token = String(fields(fields(made.json).auth).client_token)
  await restart(() => cp(store, copy, { recursive: true }))
  assert.equal(fields((await call(server, { path: "sys/health" })).json).store_rolled_back, undefined)
  assert.equal((await root("PUT", "auth/token/revoke", { token })).status, 204)

  const putBack = async () => {
    await rm(store, { recursive: true })
    await cp(copy, store, { recursive: true })
  }
  await restart(putBack)
  assert.equal(fields((await call(server, { path: "sys/health" })).json).store_rolled_back, true)
  assert.equal(fields((await call(server, { path: "sys/seal-status" })).json).store_rolled_back, true)
  assert.match(server.log(), /The store is older than its audit log/)
  assert.match(await readFile(join(dir, "audit.log"), "utf8"), /the store is older than the audit log/)
  assert.equal((await root("GET", "sys/storage/rollback")).status, 200)

  const refused = await restart(async () => {
    await putBack()
    await appendFile(join(dir, "server.hcl"), 'on_store_rollback = "refuse"\n')
  })
  assert.equal(refused.status, 500)
  assert.match(refused.text, /The store is older than its audit log/)
  assert.equal(fields((await call(server, { path: "sys/seal-status" })).json).sealed, true)
  assert.equal((await root("GET", "auth/token/lookup-self")).status, 503)
})

async function save(vault: TestServer): Promise<Uint8Array> {
  const ask = {
    ...ownRequest("save"),
    operation: "read" as const,
    path: "sys/storage/raft/snapshot",
    token: vault.root,
  }
  const { raw } = await serve(vault.server, ask)
  assert.ok(typeof raw?.body === "object" && Symbol.asyncIterator in raw.body)
  return Buffer.concat(await Array.fromAsync(raw.body as AsyncIterable<Uint8Array>))
}

async function restore(vault: TestServer, snapshot: Uint8Array): Promise<number> {
  async function* stream() {
    yield snapshot
  }
  const path = "sys/storage/raft/snapshot"
  return (await serve(vault.server, { ...ownRequest("restore"), path, token: vault.root, stream: stream() })).status
}

test("L07: a restored snapshot brings nothing back that was used up or revoked since", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/ar", { type: "approle" })
  await vault.write("auth/ar/role/app", { token_policies: ["default"] })
  const { data: role } = await vault.read("auth/ar/role/app/role-id")
  const { data: secret } = await vault.write("auth/ar/role/app/secret-id", { num_uses: 1 })
  const login = { role_id: String(role.role_id), secret_id: String(secret.secret_id) }
  const wrapped = await vault.write("sys/wrapping/wrap", { value: "once" }, { wrapTtl: 600 })
  const wrappingToken = String((wrapped.body.wrap_info as { token: string }).token)
  const revoked = await vault.token(["default"])
  await vault.write("sys/mounts/totp", { type: "totp" })
  await vault.write("totp/keys/k", { generate: true, issuer: "i", account_name: "a" })
  const { data: generated } = await vault.read("totp/code/k")
  const snapshot = await save(vault)
  assert.equal((await vault.write("totp/code/k", { code: String(generated.code) })).data.valid, true)
  assert.equal((await vault.write("sys/wrapping/unwrap", { token: wrappingToken })).status, 200)
  assert.equal((await vault.write("auth/ar/login", login)).status, 200)
  await vault.write("auth/token/revoke", { token: revoked })
  assert.equal(await restore(vault, snapshot), 204)
  assert.equal((await vault.write("sys/wrapping/unwrap", { token: wrappingToken })).status, 400)
  assert.equal((await vault.read("auth/token/lookup-self", { token: revoked })).status, 403)
  assert.equal((await vault.write("auth/ar/login", login)).status, 400, "the secret id was spent")
  assert.equal((await vault.write("totp/code/k", { code: String(generated.code) })).status, 400, "the code was used")
  const { data: fresh } = await vault.write("auth/ar/role/app/secret-id", { num_uses: 1 })
  assert.equal((await vault.write("auth/ar/login", { ...login, secret_id: String(fresh.secret_id) })).status, 200)
})

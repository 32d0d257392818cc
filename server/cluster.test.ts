/** Several nodes on one store: what one does holds on all, jobs have one owner, and nobody's clock decides who that is. */

import assert from "node:assert/strict"
import { hostname } from "node:os"
import { test } from "node:test"
import { memoryStorage, type Storage, StorageUnavailable } from "@arca/storage"
import { CLAIM_SECONDS, ClaimLost, claim, ownerName, release } from "./claims.ts"
import { type Background, background } from "./jobs.ts"
import { logsTo } from "./logs/logs.ts"
import { membersOf } from "./members.ts"
import { type TestServer, testServer } from "./testing.ts"
import { reading, transact } from "./transact.ts"

interface Node {
  readonly vault: TestServer
  readonly jobs: Background
  readonly name: string
  /** What it says in its log. */
  readonly complaints: string[]
  /** Puts its clock ahead of the others'. */
  setAhead(seconds: number): void
}

async function cluster<N extends string>(...names: readonly N[]) {
  let time = Date.UTC(2026, 0, 1) / 1000
  const inner = memoryStorage({ clock: { now: () => time, sleep: async () => {} } })
  const nodes: Node[] = []
  for (const name of names) {
    let ahead = 0
    const now = () => time + ahead
    const complaints: string[] = []
    const logs = logsTo([{ write: text => complaints.push(text) }], {
      level: "error",
      format: "standard",
      now: () => 0,
    })
    const members = membersOf({ alone: false, id: name, hostname: name, worker: 0, now })
    const parts = { now, logs, members, facts: { shared: true, apiAddress: `https://${name}:8200`, startedAt: time } }
    const first = nodes[0]?.vault
    const reopen = first && { root: first.root, unsealKey: first.unsealKey }
    const vault = await testServer({ inner, parts, ...(reopen === undefined ? {} : { reopen }) })
    nodes.push({ vault, jobs: background(vault.server), name, complaints, setAhead: seconds => void (ahead = seconds) })
  }
  const tell = async (which: readonly Node[] = nodes) => {
    for (const { vault } of which) await vault.server.members.beat(vault.server)
  }
  /** Time passes on all nodes; those given tell that they live, every second. */
  const advance = async (seconds: number, living: readonly Node[] = nodes) => {
    for (let passed = 0; passed < seconds; passed++) {
      time += 1
      await tell(living)
    }
  }
  await advance(3)
  return { nodes, advance }
}

const nodeAt = (nodes: readonly Node[], at: number): Node => {
  const node = nodes[at]
  if (node === undefined) throw new Error(`there is no node ${at}`)
  return node
}

test("a revoked token, a changed policy, a moved mount and a new quota hold on every node before the reply", async () => {
  const { nodes } = await cluster("a", "b")
  const [a, b] = [nodeAt(nodes, 0).vault, nodeAt(nodes, 1).vault]
  await a.write("sys/mounts/kv", { type: "kv", options: { version: "1" } })
  await a.write("kv/x", { v: 1 })
  await a.policy("app", `path "kv/*" { capabilities = ["read"] }`)
  const token = await a.token(["app"])
  assert.equal((await b.read("kv/x", { token })).data.v, 1)
  await a.policy("app", `path "kv/*" { capabilities = ["list"] }`)
  assert.equal((await b.read("kv/x", { token })).status, 403)
  await b.policy("app", `path "kv/*" { capabilities = ["read"] }`)
  assert.equal((await a.read("kv/x", { token })).status, 200)
  await a.write("sys/quotas/rate-limit/tight", { rate: 1, path: "kv/" })
  await b.read("kv/x", { token })
  assert.equal((await b.read("kv/x", { token })).status, 429)
  await b.delete("sys/quotas/rate-limit/tight")
  assert.equal((await a.read("kv/x", { token })).status, 200)
  await a.write("auth/token/revoke", { token })
  assert.equal((await b.read("kv/x", { token })).status, 403)
  await a.delete("sys/mounts/kv")
  assert.equal((await b.read("kv/x")).status, 404)
})

test("after the keyring was rotated on one node the others read and write, in requests and in jobs", async () => {
  const { nodes } = await cluster("a", "b")
  const [a, b] = [nodeAt(nodes, 0).vault, nodeAt(nodes, 1).vault]
  await a.write("sys/mounts/kv", { type: "kv", options: { version: "1" } })
  await a.write("sys/rotate")
  await a.write("kv/x", { v: 1 })
  assert.equal(await reading(b.server, async view => (await view.keys("")).length > 0), true)
  await reading(b.server, async view => {
    for (const key of await view.keys("ns/")) await view.get(key)
  })
  assert.equal((await b.read("kv/x")).data.v, 1)
  await b.write("kv/y", { v: 2 })
  assert.equal((await a.read("kv/y")).data.v, 2)
})

test("sealing one node leaves the others serving, and sealing the cluster seals all before the reply", async () => {
  const { nodes } = await cluster("a", "b", "c")
  const [a, b, c] = [nodeAt(nodes, 0).vault, nodeAt(nodes, 1).vault, nodeAt(nodes, 2).vault]
  assert.equal((await a.write("sys/seal")).status, 204)
  assert.equal((await a.read("sys/mounts")).status, 503)
  assert.equal((await b.read("sys/mounts")).status, 200)
  assert.equal((await b.write("sys/seal", { cluster: true })).status, 204)
  const told = await c.read("sys/mounts")
  assert.deepEqual([told.status, told.errors, c.server.sealed()], [503, ["Vault is sealed"], true])
  await c.server.seal.unseal({ key: c.unsealKey, reset: false, migrate: false })
  assert.equal((await c.read("sys/mounts")).status, 200)
})

test("every node names the others, and says of one that died that it is not active", async () => {
  const { nodes, advance } = await cluster("a", "b", "c")
  const shown = async () => {
    const { data } = await nodeAt(nodes, 0).vault.read("sys/ha-status")
    return JSON.parse(JSON.stringify(data.nodes)).map((one: { api_address: string; active_node: boolean }) => [
      one.api_address,
      one.active_node,
    ])
  }
  assert.deepEqual(await shown(), [
    ["https://a:8200", true],
    ["https://b:8200", true],
    ["https://c:8200", true],
  ])
  await advance(CLAIM_SECONDS + 2, nodes.slice(0, 2))
  assert.deepEqual((await shown())[2], ["https://c:8200", false])
  const { data: pilot } = await nodeAt(nodes, 0).vault.read("sys/storage/raft/autopilot/state")
  assert.deepEqual([pilot.healthy, pilot.failure_tolerance], [false, 1])
  const { data: raft } = await nodeAt(nodes, 0).vault.read("sys/storage/raft/configuration")
  assert.equal(JSON.stringify(raft).match(/"node_id"/g)?.length, 3)
  await nodeAt(nodes, 1).jobs.leave()
  await advance(3, nodes.slice(0, 1))
  assert.deepEqual(
    (await shown()).map(([address]: [string]) => address),
    ["https://a:8200", "https://c:8200"],
  )
})

test("a job falls to one node, goes to another within 15 seconds of its death, and what the dead one does then is refused", async () => {
  const { nodes, advance } = await cluster("a", "b", "c")
  const claims = async (which: readonly Node[] = nodes) => {
    const held: Node[] = []
    for (const node of which) if ((await claim(node.vault.server, "expiry")) !== undefined) held.push(node)
    return held
  }
  const owners = await claims()
  assert.equal(owners.length, 1)
  const owner = nodeAt(owners, 0)
  const guard = await claim(owner.vault.server, "expiry")
  const others = nodes.filter(node => node !== owner)
  let waited = 0
  let heirs: Node[] = []
  while (heirs.length === 0 && waited < 30) {
    await advance(1, others)
    waited += 1
    heirs = await claims(others)
  }
  assert.ok(waited <= 15, `${waited} seconds`)
  assert.equal(heirs.length, 1)
  const late = transact(owner.vault.server, async view => {
    await guard?.(view)
    view.put("x", new Uint8Array(1))
  })
  await assert.rejects(late, ClaimLost)
  assert.equal(await claim(owner.vault.server, "expiry"), undefined)
})

test("a job's commit is refused when its claim passes to another node while it runs", async () => {
  const { nodes, advance } = await cluster("a", "b")
  const jobs = Array.from({ length: 20 }, (_, at) => `job/${at}`)
  const [a, b] = [nodeAt(nodes, 0), nodeAt(nodes, 1)]
  const mine = await Promise.all(jobs.map(async job => ({ job, guard: await claim(a.vault.server, job) })))
  const { job, guard } = mine.find(one => one.guard !== undefined) ?? { job: "", guard: undefined }
  await claim(b.vault.server, job)
  const running = transact(a.vault.server, async view => {
    await guard?.(view)
    view.put("x", new Uint8Array(1))
    // It is paused here, for as long as the claim lives and longer.
    await advance(CLAIM_SECONDS + 1, [b])
    await claim(b.vault.server, job)
  })
  await assert.rejects(running, ClaimLost)
})

test("jobs are spread, and move when a node comes, goes or is drained", async () => {
  const { nodes, advance } = await cluster("a", "b", "c")
  const jobs = Array.from({ length: 60 }, (_, at) => `job/${at}`)
  const spread = async (which: readonly Node[] = nodes) => {
    const counts: Record<string, number> = {}
    for (const { vault } of which) await release(vault.server, "misplaced")
    for (const { vault, name } of which) {
      for (const job of jobs) if ((await claim(vault.server, job)) !== undefined) counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  }
  const even = await spread()
  assert.equal(
    Object.values(even).reduce((sum, one) => sum + one, 0),
    60,
  )
  assert.ok(
    Object.values(even).every(count => count > 8),
    JSON.stringify(even),
  )
  const b = nodeAt(nodes, 1).vault
  assert.equal((await b.write("sys/step-down")).status, 204)
  await advance(3)
  const without = await spread()
  assert.deepEqual([without.b, (without.a ?? 0) + (without.c ?? 0)], [undefined, 60])
})

test("a clock that differs from the store's is told of, once a minute", async () => {
  const { nodes, advance } = await cluster("a", "b")
  const b = nodeAt(nodes, 1)
  await advance(10)
  assert.deepEqual(b.complaints, [])
  b.setAhead(20)
  await advance(30)
  assert.equal(b.complaints.length, 1)
  assert.match(b.complaints[0] ?? "", /clock differs/)
})

test("a beat that is seen late, as after a store that was away, says nothing about clocks", async () => {
  const { nodes, advance } = await cluster("a", "b")
  const [a, b] = [nodeAt(nodes, 0), nodeAt(nodes, 1)]
  await advance(10)
  await advance(2, [a])
  await advance(26, [])
  await advance(1, [b])
  await advance(4)
  assert.deepEqual([...a.complaints, ...b.complaints], [])
  b.setAhead(-20)
  await advance(30)
  assert.deepEqual([a.complaints.length, b.complaints.length], [1, 1])
})

test("what the process before held in the same container falls to the next one at once", async () => {
  const { nodes, advance } = await cluster(`${hostname()}/${process.pid}/0/before`, ownerName("0/next"))
  const [before, next] = [nodeAt(nodes, 0).vault.server, nodeAt(nodes, 1).vault.server]
  const jobs = Array.from({ length: 20 }, (_, index) => `job ${index}`)
  const held: string[] = []
  for (const job of jobs) if ((await claim(before, job)) !== undefined) held.push(job)
  assert.ok(held.length > 0)
  await advance(1, [nodeAt(nodes, 1)])
  for (const job of jobs) assert.notEqual(await claim(next, job), undefined, job)
})

test("a job whose last run lies ahead, by a clock that was wrong, is due all the same", async () => {
  const { nodes } = await cluster("a")
  const a = nodeAt(nodes, 0)
  a.setAhead(86_400)
  assert.notEqual(await claim(a.vault.server, "job", 60), undefined)
  a.setAhead(0)
  assert.notEqual(await claim(a.vault.server, "job", 60), undefined)
  assert.equal(await claim(a.vault.server, "job", 60), undefined)
})

test("jobs say once that the store is away, again after an hour, and that it is back", async () => {
  let time = Date.UTC(2026, 0, 1) / 1000
  const now = () => time
  const store = memoryStorage({ clock: { now, sleep: async () => {} } })
  let away = false
  const inner: Storage = {
    ...store,
    view: hints => {
      if (away) throw new StorageUnavailable(`no answer at ${time}`)
      return store.view(hints)
    },
  }
  const lines: string[] = []
  const logs = logsTo([{ write: text => lines.push(text) }], { level: "info", format: "standard", now: () => 0 })
  const { server } = await testServer({ inner, parts: { now, logs } })
  const jobs = background(server)
  const rounds = async (count: number) => {
    lines.length = 0
    for (let round = 0; round < count; round++) {
      time += 1
      await jobs.round()
    }
    return lines.filter(line => line.includes("background work"))
  }
  assert.deepEqual(await rounds(2), [])
  away = true
  const told = await rounds(60)
  assert.equal(told.length, 1)
  assert.match(told.join(), /background work failed.*job=store.*no answer at/)
  time += 3600
  assert.equal((await rounds(60)).length, 1)
  away = false
  assert.match((await rounds(60)).join(), /^[^\n]*background work goes on.*job=store\n?$/)
  away = true
  assert.equal((await rounds(3)).length, 1)
})

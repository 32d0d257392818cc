import assert from "node:assert/strict"
import { test } from "node:test"
import { setImmediate } from "node:timers/promises"
import { leaseKind, route } from "@arca/api"
import { layout } from "./layout.ts"
import type { AnyEngine } from "./server.ts"
import { type TestServer, testServer } from "./testing.ts"
import { transact } from "./transact.ts"

interface Outside {
  readonly users: Set<string>
  attempts: number
  /** What comes before a user is gone; may throw, or take its time. */
  before: (name: string) => unknown
}

/** An engine of a name whose users live as long as their leases, and what it does outside. */
function usersOf(type: string): { engine: AnyEngine; outside: Outside } {
  const outside: Outside = { users: new Set(), attempts: 0, before: () => {} }
  const user = leaseKind<{ name: string }>({
    name: "user",
    revoke: async ({ name }) => {
      outside.attempts++
      await outside.before(name)
      outside.users.delete(name)
    },
  })
  const creds = route("creds/:name", {
    summary: "A user.",
    read: async ({ name }, ctx) => {
      const lease = await ctx.prepare(user, { name })
      outside.users.add(name)
      return { data: { name }, lease: lease.until(60, 3600) }
    },
  })
  return { engine: { kind: "secret", type, summary: "Users.", leases: [user], routes: [creds] }, outside }
}

async function withUsers(count: number): Promise<{ vault: TestServer; outside: Outside; other: Outside }> {
  const [users, others] = [usersOf("users"), usersOf("others")]
  const vault = await testServer({ engines: [users.engine, others.engine] })
  await vault.write("sys/mounts/users", { type: "users" })
  await vault.write("sys/mounts/others", { type: "others" })
  for (let index = 0; index < count; index++) await vault.read(`users/creds/user${index}`)
  return { vault, outside: users.outside, other: others.outside }
}

const down = () => {
  throw new Error("the outside is down")
}

/** Jobs as a server runs them, twice in a second; how many seconds it takes until `done`, at most `limit`. */
async function secondsUntil(vault: TestServer, limit: number, done: () => boolean): Promise<number> {
  for (let seconds = 0; seconds < limit; seconds += 0.5) {
    await vault.runJobs()
    if (done()) return seconds
    vault.clock.advance("500ms")
  }
  return limit
}

test("a lease ends in the half second in which its time is over, not in the next whole one", async () => {
  const { vault, outside } = await withUsers(0)
  vault.clock.advance("300ms")
  await vault.read("users/creds/alice")
  vault.clock.advance("59900ms")
  await vault.runJobs()
  assert.equal(outside.users.size, 1)
  vault.clock.advance("200ms")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
})

test("a lease whose revocation fails twice ends within four seconds of its time all the same", async () => {
  const { vault, outside } = await withUsers(1)
  outside.before = () => outside.attempts <= 2 && down()
  vault.clock.advance("60s")
  const late = await secondsUntil(vault, 60, () => outside.users.size === 0)
  assert.ok(late <= 4, `${late} s late`)
})

test("when a burst of failures is over, its leases end within three seconds", async () => {
  const { vault, outside } = await withUsers(300)
  outside.before = down
  vault.clock.advance("60s")
  await vault.runJobs()
  assert.ok(outside.attempts < 100, `${outside.attempts} of 300 were tried`)
  outside.before = () => {}
  const late = await secondsUntil(vault, 60, () => outside.users.size === 0)
  assert.ok(late <= 3, `${late} s late`)
})

test("after two minutes without the outside leases end within half a minute of its being back, and few were tried in vain", async () => {
  const { vault, outside } = await withUsers(40)
  outside.before = down
  vault.clock.advance("60s")
  await secondsUntil(vault, 120, () => false)
  const tried = outside.attempts
  assert.ok(tried < 200, `${tried} attempts in two minutes`)
  outside.before = () => {}
  const late = await secondsUntil(vault, 200, () => outside.users.size === 0)
  assert.ok(late <= 38, `${late} s after the outage`)
})

test("an outside that does not answer holds up no other, however often its leases come due", async () => {
  const { vault, outside, other } = await withUsers(0)
  for (let index = 0; index < 8; index++) {
    await vault.read(`users/creds/user${index}`)
    vault.clock.advance("1s")
  }
  const answer = Promise.withResolvers<void>()
  outside.before = () => answer.promise
  vault.clock.advance("52s")
  const rounds: Promise<void>[] = []
  for (let round = 0; round < 8; round++) {
    rounds.push(vault.runJobs())
    await turns(() => outside.attempts > Math.min(round, 3))
    vault.clock.advance("1s")
  }
  await vault.read("others/creds/eve")
  vault.clock.advance("60s")
  rounds.push(vault.runJobs())
  await turns(() => other.users.size === 0)
  assert.equal(outside.users.size, 8)
  answer.resolve()
  await Promise.all(rounds)
  assert.equal(outside.users.size, 0)
})

test("few revocations go on at the same time at first, so that some end while others wait", async () => {
  const { vault, outside } = await withUsers(50)
  const answer = Promise.withResolvers<void>()
  outside.before = () => (outside.attempts === 1 ? undefined : answer.promise)
  vault.clock.advance("60s")
  const round = vault.runJobs()
  await turns(() => outside.users.size === 49)
  assert.ok(outside.attempts <= 6, `${outside.attempts} were tried`)
  answer.resolve()
  await round
  assert.equal(outside.users.size, 0)
})

/** Lets others run until `done`. */
async function turns(done: () => boolean): Promise<void> {
  for (let turn = 0; !done(); turn++) {
    assert.ok(turn < 10_000, "nothing happens")
    await setImmediate()
  }
}

test("an entry that cannot be read does not keep back those that are due with it", async () => {
  const { vault, outside } = await withUsers(10)
  const { lease_id = "" } = (await vault.read("users/creds/broken")).body
  await transact(vault.server, view =>
    view.put(layout.namespace("root") + layout.lease + String(lease_id), Buffer.from("no JSON")),
  )
  vault.clock.advance("60s")
  await vault.runJobs()
  assert.deepEqual([...outside.users], ["broken"])
})

test("entries of the index that an earlier version wrote, with whole seconds, end what they stand for", async () => {
  const { vault, outside } = await withUsers(1)
  await transact(vault.server, async view => {
    for (const name of await view.keys(layout.expiry)) {
      const [time = "", ...rest] = name.split("/")
      view.delete(layout.expiry + name)
      view.put([layout.expiry.slice(0, -1), time.replace(/\.\d+$/, ""), ...rest].join("/"), new Uint8Array([1]))
    }
  })
  vault.clock.advance("59s")
  await vault.runJobs()
  assert.equal(outside.users.size, 1)
  vault.clock.advance("2s")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
  using view = vault.storage.view()
  assert.deepEqual(await view.keys(layout.expiry), [])
})

test("expired tokens go with their cubbyholes, their children and what these leased", async () => {
  const { vault, outside } = await withUsers(0)
  await vault.policy("users", 'path "*" { capabilities = ["create", "read", "update", "sudo"] }')
  const plain = Array.from({ length: 30 }, () => vault.token(["users"], { ttl: "60s" }))
  for (const token of await Promise.all(plain)) await vault.write("cubbyhole/mine", { a: "1" }, { token })
  const parent = await vault.token(["users"], { ttl: "60s" })
  const child = await vault.write("auth/token/create", { policies: ["users"], ttl: "1h" }, { token: parent })
  await vault.read("users/creds/alice", { token: String(child.auth.client_token) })
  vault.clock.advance("61s")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
  using view = vault.storage.view()
  const left = await view.keys(layout.namespace("root"))
  assert.deepEqual(
    left
      .filter(key => /token\/(id|list|accessor|child)|lease|cubbyhole/.test(key))
      .map(key => key.split("/", 2).join("/")),
    ["token/accessor", "token/id", "token/list"],
  )
  assert.equal((await vault.read("auth/token/lookup-self")).status, 200)
})

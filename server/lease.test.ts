import assert from "node:assert/strict"
import { test } from "node:test"
import { field, leaseKind, route } from "@arca/api"
import { mountTable, retireMount, writeMounts } from "./mounts.ts"
import { namespaceTable, ROOT, writeNamespaces } from "./namespaces.ts"
import type { AnyEngine } from "./server.ts"
import { type TestServer, testServer } from "./testing.ts"
import { reading, transact } from "./transact.ts"

/** An engine whose outside world is a set of users, to watch what leases do to it. */
function usersEngine() {
  const users = new Set<string>()
  const outside = {
    users,
    failing: false,
    renewals: 0,
    later: (): unknown => undefined,
    attempts: 0,
    slow: Promise.resolve(),
    /** How many steps requests have come to, and what these wait for. */
    asked: 0,
    wait: { prepare: Promise.resolve(), make: Promise.resolve() },
  }
  const user = leaseKind<{ name: string }>({
    name: "user",
    revoke: async ({ name }) => {
      outside.attempts++
      await outside.slow
      if (outside.failing) throw new Error("the outside is down")
      users.delete(name)
    },
    renew: async () => {
      outside.renewals++
    },
  })
  const engine: AnyEngine = {
    kind: "secret",
    type: "users",
    summary: "Users in memory.",
    leases: [user],
    routes: [
      route("creds/:name", {
        summary: "A user.",
        fields: {
          fail: field.bool("Fail after the user was made.", { default: false }),
          late: field.bool("Fail first, and make the user later.", { default: false }),
        },
        read: async ({ name, fail, late }, ctx) => {
          outside.asked++
          await outside.wait.prepare
          const lease = await ctx.prepare(user, { name })
          outside.asked++
          await outside.wait.make
          if (late) {
            outside.later = () => users.add(name)
            throw new Error("nobody knows what became of it")
          }
          users.add(name)
          if (fail) throw new Error("after the fact")
          return { data: { name }, lease: lease.until(60, 3600) }
        },
      }),
    ],
  }
  return { engine, outside }
}

async function withUsers(): Promise<{ vault: TestServer; outside: ReturnType<typeof usersEngine>["outside"] }> {
  const { engine, outside } = usersEngine()
  const vault = await testServer({ engines: [engine] })
  await vault.write("sys/mounts/users", { type: "users" })
  return { vault, outside }
}

test("a lease ends its outside effect when its time is over, and not before", async () => {
  const { vault, outside } = await withUsers()
  const issued = await vault.read("users/creds/alice")
  assert.match(String(issued.body.lease_id), /^users\/creds\/alice\/[0-9A-Za-z]{24}$/)
  assert.equal(issued.body.lease_duration, 60)
  vault.clock.advance("59s")
  await vault.runJobs()
  assert.deepEqual([...outside.users], ["alice"])
  vault.clock.advance("2s")
  await vault.runJobs()
  assert.deepEqual([...outside.users], [])
  const lookup = await vault.write("sys/leases/lookup", { lease_id: issued.body.lease_id ?? "" })
  assert.deepEqual([lookup.status, lookup.errors], [400, ["invalid lease"]])
})

test("a renewed lease lives on from the renewal, up to its longest life", async () => {
  const { vault, outside } = await withUsers()
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  vault.clock.advance("50s")
  const renewed = await vault.write("sys/leases/renew", { lease_id, increment: 300 })
  assert.deepEqual([renewed.body.lease_id, renewed.body.lease_duration, outside.renewals], [lease_id, 300, 1])
  vault.clock.advance("299s")
  await vault.runJobs()
  assert.equal(outside.users.size, 1)
  const capped = await vault.write("sys/leases/renew", { lease_id, increment: 7200 })
  assert.equal(capped.body.lease_duration, 3600 - 349)
  vault.clock.advance("2h")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
  assert.equal((await vault.write("sys/leases/renew", { lease_id })).status, 400)
})

test("whoever revokes a lease that another request is revoking is answered when it has ended, not before", async () => {
  const { vault, outside } = await withUsers()
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  let go: () => void = () => {}
  outside.slow = new Promise(resolve => (go = resolve))
  const revoke = async () => {
    const { status } = await vault.write("sys/leases/revoke", { lease_id })
    return { status, left: outside.users.size }
  }
  const first = revoke()
  while (outside.attempts === 0) await new Promise(setImmediate)
  const second = revoke()
  await vault.read("sys/mounts")
  assert.equal(await Promise.race([second, "still waiting"]), "still waiting")
  go()
  const both = [await first, await second]
  assert.deepEqual(both, [
    { status: 204, left: 0 },
    { status: 204, left: 0 },
  ])
  assert.equal(outside.attempts, 1)
})

test("a revocation that fails for another request is tried again by the one that waited", async () => {
  const { vault, outside } = await withUsers()
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  let fail: (why: Error) => void = () => {}
  outside.slow = new Promise((_, reject) => (fail = reject))
  const revoke = async () => (await vault.write("sys/leases/revoke", { lease_id })).status
  const first = revoke()
  while (outside.attempts === 0) await new Promise(setImmediate)
  const second = revoke()
  outside.slow = Promise.resolve()
  fail(new Error("the outside is down"))
  assert.equal(await first, 500)
  assert.equal(await second, 204)
  assert.deepEqual([outside.users.size, outside.attempts], [0, 2])
})

test("a lease is renewed by what its role says now, and not beyond a longest life that was shortened", async () => {
  const terms = { ttl: 60, maxTtl: 3600 }
  const kind = leaseKind<{ name: string }>({ name: "user", terms: async () => terms })
  const creds = route("creds/:name", {
    summary: "A user.",
    read: async ({ name }, ctx) => ({
      data: { name },
      lease: (await ctx.prepare(kind, { name })).until(terms.ttl, terms.maxTtl),
    }),
  })
  const engine: AnyEngine = { kind: "secret", type: "users", summary: "Users.", leases: [kind], routes: [creds] }
  const vault = await testServer({ engines: [engine] })
  await vault.write("sys/mounts/users", { type: "users" })
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  const renewed = async () => vault.write("sys/leases/renew", { lease_id })
  Object.assign(terms, { ttl: 120, maxTtl: 300 })
  vault.clock.advance("50s")
  assert.equal((await renewed()).body.lease_duration, 120)
  vault.clock.advance("100s")
  Object.assign(terms, { ttl: 200 })
  assert.equal((await renewed()).body.lease_duration, 150)
  terms.maxTtl = 100
  const late = await renewed()
  assert.deepEqual([late.status, late.errors], [400, ["past the max TTL, cannot renew"]])
})

test("a request that fails after its outside effect leaves nothing outside", async () => {
  const { vault, outside } = await withUsers()
  const failed = await vault.ask("read", "users/creds/bob", { fail: true })
  assert.equal(failed.status, 500)
  assert.equal(outside.users.size, 0)
})

test("a response that the audit does not take is withheld, and its lease revoked", async () => {
  const { vault, outside } = await withUsers()
  vault.refuseAudit("response")
  const withheld = await vault.read("users/creds/bob")
  assert.equal(withheld.status, 500)
  assert.equal(withheld.body.data, undefined)
  assert.equal(outside.users.size, 0)
})

test("a lease that cannot be revoked is tried again with growing pauses, then left to a person", async () => {
  const { vault, outside } = await withUsers()
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  outside.failing = true
  vault.clock.advance("61s")
  for (let round = 0; round < 20; round++) {
    await vault.runJobs()
    // A minute, with a quarter of jitter, is the longest pause.
    vault.clock.advance("76s")
  }
  assert.equal(outside.attempts, 20)
  const stuck = await vault.ask("read", "sys/leases", { type: "irrevocable" })
  const mount_id = String((await vault.read("sys/mounts/users")).data.accessor)
  assert.deepEqual(stuck.data, { lease_count: 1, leases: [{ lease_id, mount_id, error: "the outside is down" }] })
  const counted = await vault.ask("read", "sys/leases/count", { type: "irrevocable" })
  assert.deepEqual(counted.data, { lease_count: 1, counts: { [mount_id]: 1 } })
  outside.failing = false
  assert.equal((await vault.write("sys/leases/revoke", { lease_id })).status, 204)
  assert.equal(outside.users.size, 0)
})

test("revoking a token revokes what it leased", async () => {
  const { vault, outside } = await withUsers()
  await vault.policy("users", 'path "users/*" { capabilities = ["read"] }')
  const token = await vault.token(["users"])
  await vault.read("users/creds/carol", { token })
  assert.equal(outside.users.size, 1)
  await vault.write("auth/token/revoke", { token })
  assert.equal(outside.users.size, 0)
})

test("revoke-prefix ends the leases below a path and no others", async () => {
  const { vault, outside } = await withUsers()
  await vault.read("users/creds/alice")
  await vault.read("users/creds/bob")
  assert.equal((await vault.write("sys/leases/revoke-prefix/users/creds/alice")).status, 204)
  assert.deepEqual([...outside.users], ["bob"])
})

test("revoke-force forgets a lease whose effect cannot be ended", async () => {
  const { vault, outside } = await withUsers()
  await vault.read("users/creds/alice")
  outside.failing = true
  assert.equal((await vault.write("sys/leases/revoke-prefix/users")).status, 500)
  assert.equal((await vault.write("sys/leases/revoke-force/users")).status, 204)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("an effect that comes after its request has failed is ended when the prepared lease's time is over", async () => {
  const { vault, outside } = await withUsers()
  await vault.ask("read", "users/creds/dora", { late: true })
  outside.later()
  assert.deepEqual([...outside.users], ["dora"])
  vault.clock.advance("29s")
  await vault.runJobs()
  assert.equal(outside.users.size, 1)
  vault.clock.advance("2s")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
})

test("a mount whose leases cannot be ended is left alone for a while, and holds up no other", async () => {
  const { vault, outside } = await withUsers()
  const { engine: working, outside: other } = usersEngine()
  const both = await testServer({ engines: [usersEngine().engine, { ...working, type: "other" }] })
  await both.write("sys/mounts/other", { type: "other" })
  await both.read("other/creds/eve")
  both.clock.advance("61s")
  await both.runJobs()
  assert.equal(other.users.size, 0)
  for (let index = 0; index < 200; index++) await vault.read(`users/creds/user${index}`)
  outside.failing = true
  outside.attempts = 0
  vault.clock.advance("61s")
  await vault.runJobs()
  assert.ok(outside.attempts < 100, `${outside.attempts} of 200 were tried`)
  outside.failing = false
  for (let round = 0; round < 4; round++) {
    vault.clock.advance("15s")
    await vault.runJobs()
  }
  assert.equal(outside.users.size, 0)
})

test("revoke-prefix means whole names, and a lease's id means that lease", async () => {
  const { vault, outside } = await withUsers()
  await vault.read("users/creds/aa")
  const { lease_id } = (await vault.read("users/creds/b")).body
  assert.equal((await vault.write("sys/leases/revoke-prefix/users/creds/a")).status, 204)
  assert.deepEqual([...outside.users], ["aa", "b"])
  assert.equal((await vault.write(`sys/leases/revoke-prefix/${lease_id}`)).status, 204)
  assert.deepEqual([...outside.users], ["aa"])
})

test("a revocation that is not waited for is accepted at once and done by the expiry job, whatever the outside says", async () => {
  const { vault, outside } = await withUsers()
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  await vault.read("users/creds/bob")
  outside.failing = true
  assert.equal((await vault.write("sys/leases/revoke", { lease_id })).status, 500)
  assert.equal((await vault.write("sys/leases/revoke-prefix/users", { sync: false })).status, 202)
  outside.failing = false
  vault.clock.advance("15s")
  await vault.runJobs()
  assert.equal(outside.users.size, 0)
})

test("a lease tells who asked for it, by which policy, and until when it can live", async () => {
  const { vault } = await withUsers()
  await vault.policy("users", 'path "users/*" { capabilities = ["read"] }')
  const token = await vault.token(["users"], { display_name: "app", ttl: "2h" })
  const { body } = await vault.read("users/creds/alice", { token, address: "10.1.2.3" })
  const { data } = await vault.write("sys/leases/explain", { lease_id: body.lease_id ?? "" })
  const { asked_by: asked, ...lease } = data as { asked_by: Record<string, unknown> }
  assert.deepEqual(
    { display_name: asked.display_name, policies: asked.policies, by: asked.allowed_by, from: asked.remote_address },
    { display_name: "token-app", policies: ["default", "users"], by: ["users"], from: "10.1.2.3" },
  )
  assert.equal(asked.request_id, body.request_id)
  assert.deepEqual(lease, {
    id: body.lease_id,
    engine: "users",
    mount: "users/",
    role: "alice",
    state: "active",
    issue_time: "2026-01-01T00:00:00.000Z",
    expire_time: "2026-01-01T00:01:00.000Z",
    ttl: 60,
    last_renewal: null,
    renewable: true,
    longest_until: "2026-01-01T01:00:00.000Z",
    token_until: "2026-01-01T02:00:00.000Z",
    failed_revocations: 0,
    revoke_error: null,
  })
  const active = await vault.ask("read", "sys/leases/active")
  assert.deepEqual(active.data, {
    leases: [
      {
        id: body.lease_id,
        engine: "users",
        mount: "users/",
        role: "alice",
        holder: "token-app",
        state: "active",
        issue_time: "2026-01-01T00:00:00.000Z",
        expire_time: "2026-01-01T00:01:00.000Z",
        ttl: 60,
      },
    ],
    next: "",
  })
  assert.equal((await vault.ask("read", "sys/leases/active", {}, { token })).status, 403)
})

test("a lease-count quota refuses the lease that is one too many, before anything is made outside", async () => {
  const { vault, outside } = await withUsers()
  assert.equal((await vault.write("sys/quotas/lease-count/few", { path: "users", max_leases: 2 })).status, 204)
  const { lease_id = "" } = (await vault.read("users/creds/alice")).body
  await vault.read("users/creds/bob")
  const refused = await vault.read("users/creds/carol")
  assert.deepEqual(
    [refused.status, refused.errors],
    [429, ['request path "users/creds/carol": lease count quota exceeded']],
  )
  assert.deepEqual([...outside.users], ["alice", "bob"])
  assert.deepEqual((await vault.read("sys/quotas/lease-count/few")).data, {
    name: "few",
    path: "users/",
    max_leases: 2,
    inheritable: false,
    counter: 2,
    type: "lease-count",
    role: "",
  })
  await vault.write("sys/leases/revoke", { lease_id })
  vault.clock.advance("2s")
  assert.equal((await vault.read("users/creds/carol")).status, 200)
  assert.equal((await vault.delete("sys/quotas/lease-count/few")).status, 204)
  assert.equal((await vault.read("users/creds/dora")).status, 200)
})

test("a mount that is disabled while it makes a credential undoes that, and then its data is erased", async () => {
  const { vault, outside } = await withUsers()
  let go: () => void = () => {}
  outside.wait.make = new Promise(resolve => (go = resolve))
  const retired = () => reading(vault.server, view => view.keys("core/retired/"))
  const making = vault.read("users/creds/alice")
  while (outside.asked < 2) await new Promise(setImmediate)
  assert.equal((await vault.delete("sys/mounts/users")).status, 204)
  assert.equal((await vault.read("users/creds/alice")).status, 404)
  assert.equal((await retired()).length, 1)
  go()
  assert.deepEqual([(await making).status, outside.users.size], [503, 0])
  vault.clock.advance("31s")
  await vault.runJobs()
  await vault.runJobs()
  assert.deepEqual(await retired(), [])
})

test("a request that has come before its mount was disabled makes nothing after that", async () => {
  const { vault, outside } = await withUsers()
  let go: () => void = () => {}
  outside.wait.prepare = new Promise(resolve => (go = resolve))
  const making = vault.read("users/creds/alice")
  while (outside.asked < 1) await new Promise(setImmediate)
  await vault.delete("sys/mounts/users")
  go()
  assert.deepEqual([(await making).status, outside.asked, outside.users.size], [503, 1, 0])
  assert.deepEqual(await reading(vault.server, view => view.keys("core/retired/")), [])
})

test("whoever disables a mount again, after the first one died half-way, is answered when its leases have ended", async () => {
  const { vault, outside } = await withUsers()
  await vault.read("users/creds/alice")
  await transact(vault.server, async view => {
    const { all, byPath } = await mountTable(view, ROOT)
    const entry = byPath.get("users/")
    assert.ok(entry)
    const others = all.filter(one => one !== entry)
    writeMounts(view, ROOT, others)
    retireMount(view, ROOT, entry)
  })
  outside.failing = true
  assert.equal((await vault.delete("sys/mounts/users")).status, 500)
  outside.failing = false
  assert.deepEqual([(await vault.delete("sys/mounts/users")).status, outside.users.size], [204, 0])
  assert.deepEqual(await reading(vault.server, view => view.keys("core/retired/")), [])
})

const inTeam = { namespace: "team" }

const withTeamUsers = async () => {
  const { vault, outside } = await withUsers()
  await vault.write("sys/namespaces/team")
  await vault.write("sys/mounts/users", { type: "users" }, inTeam)
  const names = async () => (await vault.ask("list", "sys/namespaces")).data.keys ?? []
  const kept = async () => {
    const all = await reading(vault.server, view => namespaceTable(view))
    const team = all.byPath.get("team/")
    return team && reading(vault.server, view => view.keys(`ns/${team.id}/`))
  }
  return { vault, outside, names, kept }
}

test("a namespace whose leases cannot be revoked is not deleted", async () => {
  const { vault, outside, names, kept } = await withTeamUsers()
  await vault.read("users/creds/alice", inTeam)
  outside.failing = true
  assert.equal((await vault.delete("sys/namespaces/team")).status, 500)
  assert.deepEqual([await names(), outside.users.size], [["team/"], 1])
  outside.failing = false
  assert.deepEqual([(await vault.delete("sys/namespaces/team")).status, outside.users.size], [200, 0])
  assert.deepEqual([await names(), await kept()], [[], undefined])
})

test("a namespace that is deleted while it makes a credential undoes that, and then it is erased", async () => {
  const { vault, outside, names, kept } = await withTeamUsers()
  let go: () => void = () => {}
  outside.wait.make = new Promise(resolve => (go = resolve))
  const making = vault.read("users/creds/alice", inTeam)
  while (outside.asked < 2) await new Promise(setImmediate)
  assert.equal((await vault.delete("sys/namespaces/team")).status, 200)
  assert.equal((await vault.read("users/creds/alice", inTeam)).status, 404)
  assert.equal((await vault.write("sys/namespaces/team")).status, 400)
  assert.notEqual((await kept())?.length, 0)
  go()
  assert.deepEqual([(await making).status, outside.users.size], [503, 0])
  vault.clock.advance("31s")
  await vault.runJobs()
  await vault.runJobs()
  assert.deepEqual([await names(), await kept()], [[], undefined])
  assert.equal((await vault.write("sys/namespaces/team")).status, 200)
})

test("a request that has come before its namespace was deleted makes nothing after that", async () => {
  const { vault, outside, kept } = await withTeamUsers()
  let go: () => void = () => {}
  outside.wait.prepare = new Promise(resolve => (go = resolve))
  const making = vault.read("users/creds/alice", inTeam)
  while (outside.asked < 1) await new Promise(setImmediate)
  await vault.delete("sys/namespaces/team")
  go()
  assert.deepEqual([(await making).status, outside.asked, outside.users.size], [503, 1, 0])
  assert.equal(await kept(), undefined)
})

test("a namespace whose deletion died half-way is finished by the background work, or by whoever deletes it again", async () => {
  for (const again of ["background", "request"]) {
    const { vault, outside, kept } = await withTeamUsers()
    await vault.read("users/creds/alice", inTeam)
    await transact(vault.server, async view => {
      const { all } = await namespaceTable(view)
      writeNamespaces(
        view,
        all.map(one => (one.path === "team/" ? { ...one, deleting: true } : one)),
      )
    })
    if (again === "background") await vault.runJobs()
    else assert.equal((await vault.delete("sys/namespaces/team")).status, 200)
    assert.deepEqual([again, outside.users.size, await kept()], [again, 0, undefined])
  }
})

test("a request that stalled until the expiry job undid what it made hands nothing out", async () => {
  for (const when of ["before", "meanwhile"]) {
    const { vault, outside } = await withUsers()
    let go: () => void = () => {}
    let undone: () => void = () => {}
    outside.wait.make = new Promise(resolve => (go = resolve))
    const making = vault.read("users/creds/alice")
    while (outside.asked < 2) await new Promise(setImmediate)
    vault.clock.advance("31s")
    if (when === "meanwhile") outside.slow = new Promise(resolve => (undone = resolve))
    const ending = vault.runJobs()
    while (outside.attempts < 1) await new Promise(setImmediate)
    if (when === "before") await ending
    go()
    undone()
    assert.deepEqual([when, (await making).status, outside.users.size], [when, 503, 0])
    await ending
    assert.deepEqual((await vault.ask("list", "sys/leases/lookup/users/creds")).data?.keys ?? [], [])
  }
})

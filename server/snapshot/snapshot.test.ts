import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { test } from "node:test"
import { gunzipSync, gzipSync } from "node:zlib"
import { type Fault, faultyStorage, memoryStorage, type Storage, StorageFailed, systemClock } from "@arca/storage"
import { serve } from "../pipeline.ts"
import { ownRequest } from "../revocation.ts"
import { type TestServer, testServer } from "../testing.ts"
import { END, type Member, members, packed } from "./archive.ts"
import { readSnapshot } from "./read.ts"
import { resumeRestore } from "./stage.ts"

const kv = async (vault: TestServer): Promise<TestServer> => {
  await vault.write("sys/mounts/kv", { type: "kv" })
  return vault
}

const bytesOf = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(source))

async function save(vault: TestServer): Promise<Buffer> {
  const request = {
    ...ownRequest("save"),
    operation: "read" as const,
    path: "sys/storage/raft/snapshot",
    token: vault.root,
  }
  const { raw, status } = await serve(vault.server, request)
  assert.equal(status, 200)
  assert.ok(typeof raw?.body === "object" && Symbol.asyncIterator in raw.body)
  return bytesOf(raw.body)
}

async function* inPieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function restore(vault: TestServer, snapshot: Uint8Array, verb = "snapshot") {
  const reply = await serve(vault.server, {
    ...ownRequest("restore"),
    path: `sys/storage/raft/${verb}`,
    token: vault.root,
    stream: inPieces(snapshot),
  })
  return { status: reply.status, text: JSON.stringify(reply.body ?? "") }
}

/** Every entry of a store, as text that can be compared. */
async function contentOf(storage: Storage): Promise<Map<string, string>> {
  using view = storage.view()
  const keys = await view.keys("")
  const values = await Promise.all(keys.map(key => view.get(key)))
  return new Map(keys.map((key, index) => [key, Buffer.from(values[index] ?? "").toString("base64")]))
}

/** The archive with its members changed, its checksums made right again, its seal left as it was. */
async function forged(snapshot: Uint8Array, change: (all: Member[]) => Member[]): Promise<Buffer> {
  const all = change(await Array.fromAsync(members(inPieces(gunzipSync(snapshot)))))
  const lines = all
    .filter(({ name }) => !name.startsWith("SHA256SUMS"))
    .map(({ name, content }) => `${createHash("sha256").update(content).digest("hex")}  ${name}\n`)
  const right = all.map(one => (one.name === "SHA256SUMS" ? { ...one, content: Buffer.from(lines.join("")) } : one))
  return gzipSync(Buffer.concat([...right.flatMap(one => [...packed(one)]), END]))
}

test("a snapshot brings back what there was, and takes away what came since", async () => {
  const vault = await kv(await testServer())
  await vault.write("kv/app", { password: "one" })
  const snapshot = await save(vault)
  await vault.write("kv/app", { password: "two" })
  await vault.write("kv/later", { a: 1 })
  await vault.write("sys/mounts/more", { type: "kv" })
  assert.deepEqual(await restore(vault, snapshot), { status: 204, text: '""' })
  assert.deepEqual((await vault.read("kv/app")).data, { password: "one" })
  assert.equal((await vault.read("kv/later")).status, 404)
  assert.equal((await vault.read("sys/mounts/more")).status, 400)
  const left = [...(await contentOf(vault.server.seal.barrier.inner)).keys()].filter(key => key.startsWith("restore/"))
  assert.deepEqual(left, [])
})

test("a snapshot is of one moment, however much is written meanwhile", async () => {
  const vault = await kv(await testServer())
  for (let index = 0; index < 600; index++) await vault.write(`kv/${index}`, { round: 1 })
  const reply = await serve(vault.server, {
    ...ownRequest("save"),
    operation: "read",
    path: "sys/storage/raft/snapshot",
    token: vault.root,
  })
  const body = reply.raw?.body
  assert.ok(typeof body === "object" && Symbol.asyncIterator in body)
  const pieces: Uint8Array[] = []
  const reading = (async () => {
    for await (const piece of body) pieces.push(piece)
  })()
  await Promise.all(Array.from({ length: 600 }, (_, index) => vault.write(`kv/${index}`, { round: 2 })))
  await reading
  await restore(vault, Buffer.concat(pieces))
  const rounds = await Promise.all(
    Array.from({ length: 600 }, async (_, index) => (await vault.read(`kv/${index}`)).data.round),
  )
  assert.equal(new Set(rounds).size, 1, "all values are of the same moment")
})

test("a token that was revoked since the snapshot stays revoked, and its uses stay spent", async () => {
  const vault = await kv(await testServer())
  const revoked = await vault.token(["default"])
  const kept = await vault.token(["default"])
  const limited = await vault.token(["default"], { num_uses: 3 })
  const snapshot = await save(vault)
  await vault.write("auth/token/revoke", { token: revoked })
  for (let use = 0; use < 2; use++) await vault.read("auth/token/lookup-self", { token: limited })
  const later = await vault.token(["default"])
  await restore(vault, snapshot)
  const works = async (token: string) => (await vault.read("auth/token/lookup-self", { token })).status
  assert.equal(await works(revoked), 403)
  assert.equal(await works(kept), 200)
  assert.equal(await works(later), 403, "what came after the snapshot is gone")
  assert.equal(await works(limited), 200)
  assert.equal(await works(limited), 403, "the third use was the last")
  await vault.runJobs()
  using view = vault.server.storage.view()
  assert.equal((await view.list("ns/root/token/id/")).length, 2, "root and the one that was kept")
})

test("a server that was sealed since the snapshot stays unsealed when it is restored", async () => {
  const vault = await kv(await testServer())
  await vault.write("kv/app", { a: 1 })
  const snapshot = await save(vault)
  await vault.write("sys/seal", { cluster: true })
  await vault.server.seal.unseal({ key: vault.unsealKey, reset: false, migrate: false })
  assert.equal((await restore(vault, snapshot)).status, 204)
  assert.deepEqual((await vault.read("kv/app")).data, { a: 1 })
  assert.equal(vault.server.sealed(), false)
})

test("a snapshot that is cut off, altered or not one at all changes nothing", async () => {
  const vault = await kv(await testServer())
  await vault.write("kv/app", { a: 1 })
  const snapshot = await save(vault)
  const flipped = Buffer.from(snapshot)
  flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1
  const alter = (name: RegExp, content: (before: Uint8Array) => Uint8Array) => (all: Member[]) =>
    all.map(one => (name.test(one.name) ? { ...one, content: content(one.content) } : one))
  const bad: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(), /empty|cut off|ends/],
    ["cut off", snapshot.subarray(0, snapshot.length - 100), /cut off|ends/],
    ["a flipped bit", flipped, /cannot be restored/],
    ["no archive", Buffer.from("hello, I am no archive"), /no gzip archive/],
    [
      "of other software",
      await forged(
        snapshot,
        alter(/meta/, () => Buffer.from('{"Version":1}')),
      ),
      /not made by Arca/,
    ],
    [
      "without its seal",
      await forged(snapshot, all => all.filter(one => one.name !== "SHA256SUMS.sealed")),
      /checksums/,
    ],
    ["without a member", await forged(snapshot, all => all.filter(one => !one.name.startsWith("state/"))), /nothing/],
    [
      "forged, with right checksums",
      await forged(
        snapshot,
        alter(/state/, before => Buffer.from(before).fill(7, before.length - 20)),
      ),
      /could not verify hash file/,
    ],
  ]
  const before = await contentOf(vault.server.seal.barrier.inner)
  for (const [name, bytes, reason] of bad) {
    const { status, text } = await restore(vault, bytes)
    assert.equal(status, 400, `${name}: ${text}`)
    assert.match(text, reason, name)
    assert.deepEqual(await contentOf(vault.server.seal.barrier.inner), before, name)
  }
  const forgery = bad.at(-1)?.[1] ?? new Uint8Array()
  assert.equal(
    (await restore(vault, forgery, "snapshot-force")).status,
    200,
    "force takes other keys, whose entries nobody here can open",
  )
})

test("a snapshot of another cluster is refused, and with force brings its own keys", async () => {
  const one = await kv(await testServer())
  await one.write("kv/app", { of: "one" })
  const other = await kv(await testServer())
  const snapshot = await save(one)
  const refused = await restore(other, snapshot)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /use the snapshot-force API to bypass this check/)
  assert.equal((await other.read("kv/app")).status, 404)
  const forced = await restore(other, snapshot, "snapshot-force")
  assert.equal(forced.status, 200)
  assert.match(forced.text, /only their checksums were verified/)
  assert.equal(other.server.sealed(), true)
  await other.server.seal.unseal({ key: one.unsealKey, reset: false, migrate: false })
  assert.deepEqual((await other.read("kv/app", { token: one.root })).data, { of: "one" })
})

test("a snapshot holds every entry as it lies in the store, and nothing of an earlier restore", async () => {
  const vault = await kv(await testServer())
  await vault.write("kv/a", { a: 1 })
  const snapshot = await save(vault)
  const facts: string[] = []
  await readSnapshot(inPieces(snapshot), entries => void facts.push(...entries.map(one => one.key)))
  assert.ok(facts.includes("core/keyring") && facts.some(key => key.startsWith("ns/root/")))
  assert.ok(!facts.some(key => key.startsWith("restore/")))
})

test("nobody who may not is given a snapshot or can restore one", async () => {
  const vault = await testServer()
  const token = await vault.token(["default"])
  for (const operation of ["read", "update"] as const) {
    const reply = await serve(vault.server, {
      ...ownRequest("x"),
      operation,
      path: "sys/storage/raft/snapshot",
      token,
      stream: inPieces(new Uint8Array(10)),
    })
    assert.equal(reply.status, 403)
  }
})

/** How many commits a whole restore takes: what a crash can come between. */
async function commitsOfRestore(): Promise<number> {
  const counted = countingStorage(memoryStorage())
  const vault = await world(counted.storage)
  const snapshot = await save(vault)
  await vault.write("kv/later", { a: 1 })
  const before = counted.commits()
  assert.equal((await restore(vault, snapshot)).status, 204)
  return counted.commits() - before
}

function countingStorage(inner: Storage) {
  let commits = 0
  const storage: Storage = {
    ...inner,
    commit: view => {
      commits++
      return inner.commit(view)
    },
  }
  return { storage, commits: () => commits }
}

async function world(inner: Storage): Promise<TestServer> {
  const vault = await kv(await testServer({ inner }))
  for (let index = 0; index < 20; index++) await vault.write(`kv/${index}`, { index })
  return vault
}

test("wherever a restore is cut short, the store is as before or as in the snapshot, never between", async () => {
  const whole = await commitsOfRestore()
  assert.ok(whole > 6, `${whole} commits`)
  for (let cut = 1; cut <= whole; cut++) {
    const disk = memoryStorage()
    const vault = await world(disk)
    const snapshot = await save(vault)
    await vault.write("kv/later", { a: 1 })
    const cutShort = await failingAt(vault, disk, cut)
    const { status } = await restore(cutShort, snapshot)
    // A process that starts on the same disk finds one or the other.
    const next = await openedAgain(vault, disk)
    const later = (await next.read("kv/later")).status
    const first = await next.read("kv/7")
    assert.deepEqual(first.data, { index: 7 }, `cut at ${cut}`)
    assert.ok(later === 200 || later === 404, `cut at ${cut}: ${later}`)
    if (status === 204) assert.equal(later, 404)
  }
})

/** A process on the same disk, whose disk fails at a commit, counted from when it is unsealed. */
async function failingAt(vault: TestServer, disk: Storage, commit: number): Promise<TestServer> {
  const counted = countingStorage(disk)
  const faults = new Map<number, Fault>()
  const process = await openedAgain(vault, faultyStorage(counted.storage, { seed: 1, at: faults, clock: systemClock }))
  faults.set(counted.commits() + commit, "failed")
  return process
}

/** A process that begins on what another has left: unsealed, with the same root token. */
async function openedAgain(vault: TestServer, disk: Storage): Promise<TestServer> {
  await resumeRestore(disk, true)
  return testServer({ inner: disk, reopen: { unsealKey: vault.unsealKey, root: vault.root } })
}

test("a fault of the disk is told, not hidden", async () => {
  const disk = memoryStorage()
  const vault = await world(disk)
  const snapshot = await save(vault)
  const cutShort = await failingAt(vault, disk, 2)
  assert.equal((await restore(cutShort, snapshot)).status, 500)
  using view = cutShort.server.storage.view()
  await assert.rejects(cutShort.server.storage.commit(view), StorageFailed)
})

/** A store that is put back to an older copy is noticed by what its audit log says it held. */

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { memoryStorage, type Storage } from "@arca/storage"
import { auditBroker } from "./audit/index.ts"
import { type TestWorld, testWorld } from "./audit/testing.ts"
import { closeAudit } from "./audit-checkpoints.ts"
import { followAuditTable } from "./audit-table.ts"
import { layout } from "./layout.ts"
import type { RollbackPolicy } from "./rollback.ts"
import { type TestServer, testServer } from "./testing.ts"

interface Kept {
  readonly root: string
  readonly unsealKey: string
}

/** A server with a real audit file in `world`, on `inner`. */
async function audited(world: TestWorld, inner: Storage, policy: RollbackPolicy, reopen?: Kept): Promise<TestServer> {
  const vault = await testServer({
    inner,
    ...(reopen === undefined ? {} : { reopen }),
    parts: {
      audit: auditBroker([], world),
      auditPlaces: {
        context: { now: world.now, after: world.after },
        allowed: [world.directory],
        denied: [],
        worker: 0,
      },
      rollbackPolicy: policy,
      opened: followAuditTable,
    },
  })
  if (reopen === undefined) {
    const options = { file_path: join(world.directory, "audit.log") }
    assert.equal((await vault.write("sys/audit/file", { type: "file", options })).status, 204)
  }
  return vault
}

async function copyOf(storage: Storage): Promise<Map<string, Uint8Array>> {
  const copy = new Map<string, Uint8Array>()
  using view = storage.view()
  for (const key of await view.keys("")) copy.set(key, (await view.get(key)) ?? new Uint8Array())
  return copy
}

/** Another store with the content of a copy. */
async function storeOf(copy: ReadonlyMap<string, Uint8Array>): Promise<Storage> {
  const storage = memoryStorage()
  await overwrite(storage, copy)
  return storage
}

async function overwrite(storage: Storage, copy: ReadonlyMap<string, Uint8Array>): Promise<void> {
  using view = storage.view()
  for (const [key, value] of copy) view.put(key, value)
  await storage.commit(view)
}

const findings = async (vault: TestServer) => (await vault.read("sys/storage/rollback")).data.found

test("a server that is stopped and started finds nothing, however often", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const first = await audited(world, inner, "refuse")
  await closeAudit(first.server)
  for (let start = 0; start < 3; start++) {
    const next = await audited(world, inner, "refuse", first)
    await next.read("sys/mounts")
    await closeAudit(next.server)
    assert.equal(next.server.rollback.standing(), false)
  }
})

test("neither does one that was killed before it could write anything down", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const first = await audited(world, inner, "refuse")
  const killed = [first]
  for (let kill = 0; kill < 3; kill++) {
    const next = await audited(world, inner, "refuse", first)
    killed.push(next)
    await next.read("sys/mounts")
    world.advance(kill * 61_000)
    await next.read("sys/mounts")
    assert.equal(next.server.rollback.standing(), false)
  }
  // Only now, so that nothing is said of an end: the files must be closed some time.
  for (const one of killed) await one.server.audit.close()
})

test("a store put back to an older copy is served with a warning that stays until it is accepted", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const vault = await audited(world, inner, "warn")
  const revoked = await vault.token(["default"])
  const copy = await copyOf(inner)
  await vault.write("auth/token/revoke", { token: revoked })
  await closeAudit(vault.server)

  const older = await audited(world, await storeOf(copy), "warn", vault)
  assert.equal(older.server.rollback.standing(), true)
  assert.equal((await older.read("auth/token/lookup-self", { token: revoked })).status, 200, "what was revoked is back")
  const found = await findings(older)
  assert.ok(Array.isArray(found) && found.length === 1)
  assert.match(JSON.stringify(found[0]), /"origin":"[^"]*\/0\/file"/)
  const log = await readFile(join(world.directory, "audit.log"), "utf8")
  assert.match(log, /"error":"the store is older than the audit log"/)
  await closeAudit(older.server)

  const after = await audited(world, older.server.seal.barrier.inner, "refuse", vault)
  await after.server.rollback.refresh(after.server)
  assert.equal(after.server.rollback.standing(), true, "it was served once, and is known")
  assert.equal((await after.delete("sys/storage/rollback")).status, 204)
  assert.equal(after.server.rollback.standing(), false)
  assert.equal((await after.read("sys/storage/rollback")).status, 404)
  await closeAudit(after.server)
})

test("every copy is found that is older than the last clean stop, by a single request even", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const vault = await audited(world, inner, "warn")
  const copies: Map<string, Uint8Array>[] = []
  for (let round = 0; round < 3; round++) {
    copies.push(await copyOf(inner))
    await vault.read("sys/mounts")
    // A quiet minute: a checkpoint is signed, and a second later it is kept.
    world.advance(60_000)
    await vault.read("sys/mounts")
    world.advance(1_000)
  }
  await closeAudit(vault.server)
  for (const copy of copies) {
    await assert.rejects(audited(world, await storeOf(copy), "refuse", vault), /The store is older than its audit log/)
  }
})

test("where it is to be refused the server seals itself again, and serves once it may", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const vault = await audited(world, inner, "refuse")
  const copy = await copyOf(inner)
  await closeAudit(vault.server)
  await assert.rejects(audited(world, await storeOf(copy), "refuse", vault), /on_store_rollback = "warn"/)
  const right = await audited(world, inner, "refuse", vault)
  assert.equal((await right.read("sys/mounts")).status, 200, "the right store is served")
  await closeAudit(right.server)
  const accepted = await audited(world, await storeOf(copy), "warn", vault)
  await closeAudit(accepted.server)
  const again = await audited(world, accepted.server.seal.barrier.inner, "refuse", vault)
  assert.equal((await again.read("sys/mounts")).status, 200)
  await closeAudit(again.server)
})

test("a store that falls back while it is open is noticed when the next checkpoint is kept", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  const vault = await audited(world, inner, "refuse")
  const copy = await copyOf(inner)
  await closeAudit(vault.server)
  const running = await audited(world, inner, "refuse", vault)
  await running.read("sys/mounts")
  await running.server.auditCheckpoints.settle()
  // What a fail-over to a replica that lags looks like from here.
  await overwrite(inner, new Map([...copy].filter(([key]) => key.startsWith(layout.auditCheckpoints))))
  world.advance(60_000)
  await running.read("sys/mounts")
  await running.server.auditCheckpoints.settle()
  assert.equal(running.server.rollback.standing(), true)
  assert.equal(running.server.sealed(), true)
  await running.server.audit.close()
})

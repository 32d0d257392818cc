import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { KEYRING, memoryStorage, type Storage } from "@arca/storage"
import { etcdStorage } from "@arca/storage/etcd"
import { lmdbStorage } from "@arca/storage/lmdb"
import { postgresqlStorage } from "@arca/storage/postgresql"
import * as etcd from "../../tests/parts/etcd.ts"
import * as postgresql from "../../tests/parts/postgresql.ts"
import { testServer } from "../testing.ts"
import { migrateCommand } from "./command.ts"
import { copyStore, halfCopied, MIGRATION } from "./copy.ts"

const never = new AbortController().signal
const quiet = { reset: false, progress: () => {}, interrupted: never }

async function filled(inner: Storage) {
  const vault = await testServer({ inner })
  await vault.write("sys/mounts/kv", { type: "kv", options: { version: "1" } })
  for (let nth = 0; nth < 300; nth++)
    await vault.write(`kv/app/${nth}`, { value: `${nth}`, filler: "x".repeat(nth * 10) })
  return vault
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "arca-migrate-"))
  t.after(() => rm(path, { recursive: true }))
  return path
}

async function lmdb(t: TestContext): Promise<Storage> {
  const storage = await lmdbStorage({ path: await folder(t) })
  t.after(() => storage[Symbol.asyncDispose]())
  return storage
}

test("a store goes from LMDB to PostgreSQL to etcd and back, and the same key opens every copy", async t => {
  const lack = (await postgresql.missing()) ?? etcd.missing()
  if (lack !== undefined) return t.skip(lack)
  const [pg, cluster] = await Promise.all([postgresql.start(), etcd.start()])
  t.after(() => Promise.all([pg.stop(), cluster.stop()]))
  const first = await lmdb(t)
  const vault = await filled(first)
  const second = await postgresqlStorage({ connection_url: pg.url })
  t.after(() => second[Symbol.asyncDispose]())
  const third = await etcdStorage({ endpoints: cluster.endpoints })
  t.after(() => third[Symbol.asyncDispose]())
  const last = await lmdb(t)
  let from: Storage = first
  for (const to of [second, third, last]) {
    const done = await copyStore(from, to, quiet)
    assert.ok(done.entries > 300, String(done.entries))
    assert.equal(done.passes, 2)
    const copy = await testServer({ inner: to, reopen: { root: vault.root, unsealKey: vault.unsealKey } })
    assert.equal((await copy.read("kv/app/299")).data.value, "299")
    assert.ok(Array.isArray((await copy.list("kv/app/")).data.keys))
    from = to
  }
})

test("a copy that was interrupted cannot be opened, goes on where it was, and ends equal", async () => {
  const source = memoryStorage()
  const vault = await filled(source)
  const target = memoryStorage()
  const stop = new AbortController()
  let commits = 0
  const counting: Storage = {
    ...target,
    commit: view => {
      if (++commits === 3) stop.abort()
      return target.commit(view)
    },
  }
  await assert.rejects(
    copyStore(source, counting, { ...quiet, interrupted: stop.signal }),
    /run the same command again/,
  )
  assert.match((await halfCopied(target)) ?? "", /has not ended/)
  {
    using view = target.view()
    assert.equal(await view.get(KEYRING), undefined)
    assert.ok((await view.keys("")).length > 100)
  }
  await vault.delete("kv/app/0")
  await vault.write("kv/app/1", { value: "changed" })
  const done = await copyStore(source, target, quiet)
  assert.ok(done.changed < done.entries)
  assert.equal(await halfCopied(target), undefined)
  const copy = await testServer({ inner: target, reopen: { root: vault.root, unsealKey: vault.unsealKey } })
  assert.equal((await copy.read("kv/app/0")).status, 404)
  assert.equal((await copy.read("kv/app/1")).data.value, "changed")
})

test("a destination that holds something else, and a source that holds nothing, are refused", async () => {
  const source = memoryStorage()
  await filled(source)
  const taken = memoryStorage()
  await filled(taken)
  await assert.rejects(copyStore(source, taken, quiet), /holds data already/)
  await assert.rejects(copyStore(memoryStorage(), memoryStorage(), quiet), /not initialised/)
  const begun = memoryStorage()
  const view = begun.view()
  view.put(MIGRATION, new Uint8Array(32))
  view.put("left/over", new Uint8Array(1))
  await begun.commit(view)
  await assert.rejects(copyStore(source, begun, quiet), /with -reset/)
  const done = await copyStore(source, begun, { ...quiet, reset: true })
  using after = begun.view()
  assert.equal(await after.get("left/over"), undefined)
  assert.equal((await after.keys("")).length, done.entries)
})

test("the command reads both stores from a file, shows how far it is, and says what is wrong with the file", async t => {
  const path = await folder(t)
  const source = await lmdbStorage({ path: join(path, "from") })
  await filled(source)
  await source[Symbol.asyncDispose]()
  const told = { stdout: "", stderr: "" }
  const run = async (text: string) => {
    Object.assign(told, { stdout: "", stderr: "" })
    await writeFile(join(path, "migrate.hcl"), text)
    const writer = (name: "stdout" | "stderr") => ({ write: (part: string) => void (told[name] += part) })
    return await migrateCommand([JSON.stringify({ config: join(path, "migrate.hcl"), reset: false })], {
      stdout: writer("stdout"),
      stderr: writer("stderr"),
      interrupted: never,
    })
  }
  const stanza = (name: string, to: string) => `${name} "lmdb" { path = "${join(path, to)}" }\n`
  assert.equal(await run(stanza("storage_source", "from")), 1)
  assert.match(told.stderr, /needs one stanza storage_destination/)
  assert.equal(await run(stanza("storage_source", "from") + stanza("storage_destination", "to")), 0)
  assert.match(told.stdout, /^Success! All of the data has been migrated: \d+ entries, \d+ bytes, compared and equal/)
  assert.match(told.stderr, /pass 2: (\d+) of \1 entries/)
})

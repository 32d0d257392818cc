import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { after, test } from "node:test"
import { promisify } from "node:util"
import { call, fields, type Running, reference, startUnsealed } from "../parts/arca.ts"
import { missing as missingEtcd, start as startEtcd } from "../parts/etcd.ts"
import { missing, start as startPostgresql } from "../parts/postgresql.ts"

const skip = reference !== undefined && "the file of a snapshot is our own"
const run = promisify(execFile)
const bin = resolve(import.meta.dirname, "../../bin/arca")
const dir = await mkdtemp(join(tmpdir(), "arca-snapshots-"))

after(() => rm(dir, { recursive: true, force: true }))

type Server = Running & { token: string; share: string }

async function arca(server: Server, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, VAULT_ADDR: server.url, VAULT_TOKEN: server.token, VAULT_CACERT: server.caFile }
  return run(process.execPath, [bin, ...words], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    error => ({ code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) }),
  )
}

async function put(server: Server, path: string, body: object): Promise<void> {
  const reply = await call(server, { method: "POST", path, token: server.token, body })
  assert.ok(reply.status < 300, reply.text)
}

const value = async (server: Server, path: string): Promise<unknown> =>
  fields(fields((await call(server, { path, token: server.token })).json).data).v

/** Writes without pause until told to stop; returns how often it was answered. */
function busy(server: Server): { stop(): Promise<number> } {
  let on = true
  const writing = (async () => {
    let answered = 0
    for (; on; answered++) await put(server, `kv/busy/${answered % 50}`, { v: answered })
    return answered
  })()
  return {
    stop: () => {
      on = false
      return writing
    },
  }
}

/** Writes without pause, whatever the answer; returns which answers there were. */
function persistent(server: Server): { stop(): Promise<ReadonlySet<number>> } {
  const statuses = new Set<number>()
  let on = true
  const writing = (async () => {
    while (on) {
      const reply = await call(server, { method: "POST", path: "kv/during", token: server.token, body: { v: 1 } })
      statuses.add(reply.status)
    }
    return statuses
  })()
  return {
    stop: () => {
      on = false
      return writing
    },
  }
}

async function story(server: Server, name: string): Promise<void> {
  const file = join(dir, `${name}.snap`)
  await put(server, "sys/mounts/kv", { type: "kv" })
  const large = "x".repeat(700_000)
  for (let index = 0; index < 5; index++) await put(server, `kv/large/${index}`, { v: large })
  await put(server, "kv/app", { v: "then" })
  const writer = busy(server)
  const saved = await arca(server, "operator", "raft", "snapshot", "save", file)
  assert.ok((await writer.stop()) > 0)
  assert.deepEqual([saved.code, saved.stderr], [0, ""])
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  await put(server, "kv/app", { v: "now" })
  await put(server, "kv/later", { v: "now" })

  const looked = await arca(server, "operator", "raft", "snapshot", "inspect", "-format=json", file)
  const picture = JSON.parse(looked.stdout)
  assert.equal(picture.meta.arca_format, 1)
  assert.ok(picture.bytes > 3_500_000 && picture.entries > 10)
  assert.match((await arca(server, "operator", "raft", "snapshot", "inspect", file)).stdout, /ns\/root +\d+ +\d+/)

  const bytes = await readFile(file)
  await writeFile(join(dir, "cut.snap"), bytes.subarray(0, bytes.length - 5000))
  const cut = await arca(server, "operator", "raft", "snapshot", "restore", join(dir, "cut.snap"))
  assert.equal(cut.code, 2)
  assert.match(cut.stderr, /the snapshot cannot be restored/)
  assert.match(
    (await arca(server, "operator", "raft", "snapshot", "inspect", join(dir, "cut.snap"))).stderr,
    /no whole snapshot/,
  )
  assert.equal(await value(server, "kv/app"), "now")

  const during = persistent(server)
  const restored = await arca(server, "operator", "raft", "snapshot", "restore", file)
  const statuses = await during.stop()
  assert.deepEqual([restored.code, restored.stderr], [0, ""])
  assert.deepEqual(
    [...statuses].filter(status => ![204, 503].includes(status)),
    [],
    "answered, or told to wait",
  )
  assert.equal(await value(server, "kv/app"), "then")
  assert.equal(await value(server, "kv/later"), undefined)
  assert.equal(await value(server, "kv/large/4"), large)
}

test("on LMDB, a snapshot is saved while writes go on, inspected, and restored", { skip }, async () => {
  const server = await startUnsealed({ config: "workers = 2" })
  try {
    await story(server, "lmdb")
  } finally {
    await server.stop()
  }
})

test("on etcd likewise", { skip: skip || missingEtcd() }, async () => {
  const etcd = await startEtcd()
  try {
    const server = await startUnsealed({ storage: `storage "etcd" {\n  address = "${etcd.endpoints[0]}"\n}` })
    await story(server, "etcd").finally(() => server.stop())
  } finally {
    await etcd.stop()
  }
})

test("on PostgreSQL likewise, and its snapshot moves to LMDB with its keys", {
  skip: skip || (await missing()),
}, async () => {
  const database = await startPostgresql()
  try {
    const server = await startUnsealed({ storage: `storage "postgresql" {\n  connection_url = "${database.url}"\n}` })
    await story(server, "postgresql").finally(() => server.stop())
    const fresh = await startUnsealed()
    try {
      const file = join(dir, "postgresql.snap")
      assert.match((await arca(fresh, "operator", "raft", "snapshot", "restore", file)).stderr, /snapshot-force/)
      const forced = await arca(fresh, "operator", "raft", "snapshot", "restore", "-force", file)
      assert.equal(forced.code, 0, forced.stderr)
      const status = fields((await call(fresh, { path: "sys/seal-status" })).json)
      assert.equal(status.sealed, true)
      await call(fresh, { method: "PUT", path: "sys/unseal", body: { key: server.share } })
      assert.equal(await value({ ...fresh, token: server.token }, "kv/app"), "then")
    } finally {
      await fresh.stop()
    }
  } finally {
    await database.stop()
  }
})

test("a server that is killed while it restores serves one or the other when it starts again", { skip }, async () => {
  const server = await startUnsealed({ plain: true })
  const file = join(dir, "killed.snap")
  await put(server, "sys/mounts/kv", { type: "kv" })
  for (let index = 0; index < 300; index++) await put(server, `kv/${index}`, { v: "then" })
  await arca(server, "operator", "raft", "snapshot", "save", file)
  await put(server, "kv/7", { v: "now" })
  const rounds = Number(process.env.ARCA_KILL_CYCLES ?? 4)
  let running = server
  for (let round = 0; round < Math.min(rounds, 20); round++) {
    const restoring = arca(running, "operator", "raft", "snapshot", "restore", file)
    await new Promise(done => setTimeout(done, 350 + round * 60))
    running.process.kill("SIGKILL")
    await restoring
    running = { ...server, ...(await server.again()) }
    await call(running, { method: "PUT", path: "sys/unseal", body: { key: server.share } })
    const seen = await value(running, "kv/7")
    assert.ok(seen === "then" || seen === "now", String(seen))
    assert.equal(await value(running, "kv/299"), "then")
    await put(running, "kv/7", { v: "now" })
  }
  await running.stop()
})

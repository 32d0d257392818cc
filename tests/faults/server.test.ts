/**
 * A whole server on a disk that fails. What it acknowledged is there after a restart, what it could not keep was an error, and
 * it says so in its log and in `sys/health`.
 */

import assert from "node:assert/strict"
import { once } from "node:events"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { call, fields, type Running, startUnsealed } from "../parts/arca.ts"
import { injecting, noInjection, resize, smallDisk } from "./disk.ts"

type Open = Running & { token: string; share: string }

const put = (at: Open, path: string, body: unknown) => call(at, { method: "PUT", path, token: at.token, body })

async function withKv(server: Open): Promise<Open> {
  assert.equal((await put(server, "sys/mounts/kv", { type: "kv" })).status, 204)
  return server
}

/** Ends the server as a power cut would, and starts another on what is left. */
async function restarted(t: TestContext, server: Open): Promise<Open> {
  if (server.process.signalCode === null) {
    const gone = once(server.process, "exit")
    server.process.kill("SIGKILL")
    await gone
  }
  const next = { ...server, ...(await server.again({ under: [] })) }
  t.after(() => next.process.kill("SIGKILL"))
  assert.equal(
    fields((await call(next, { method: "PUT", path: "sys/unseal", body: { key: server.share } })).json).sealed,
    false,
  )
  return next
}

interface Outcome {
  readonly acknowledged: string[]
  readonly refused: string[]
}

/** Writes until `failures` writes have failed; no more than `most`. */
async function write(server: Open, size: number, failures: number, most: number): Promise<Outcome> {
  const acknowledged: string[] = []
  const refused: string[] = []
  for (let nth = 0; nth < most && refused.length < failures; nth++) {
    const { status, text } = await put(server, `kv/${nth}`, { value: `${nth}`.repeat(size) })
    if (status === 204) acknowledged.push(String(nth))
    else {
      assert.ok(status >= 500, `${status} ${text}`)
      refused.push(String(nth))
    }
  }
  return { acknowledged, refused }
}

async function mustHold(server: Open, { acknowledged }: Outcome, size: number): Promise<void> {
  for (const nth of acknowledged) {
    const { json } = await call(server, { path: `kv/${nth}`, token: server.token })
    assert.equal(fields(fields(json).data).value, nth.repeat(size), `${nth} was acknowledged`)
  }
}

test("a full disk under the store: nothing acknowledged is lost, nothing more is acknowledged, health and log say why", async t => {
  const dir = await smallDisk(t, 5)
  if (dir === undefined) return t.skip("Only root can mount a small file system")
  const server = await withKv(await startUnsealed({ plain: true, dir }))
  t.after(() => server.process.kill("SIGKILL"))
  const outcome = await write(server, 8000, 5, 5000)
  assert.ok(outcome.acknowledged.length > 5 && outcome.refused.length === 5)
  const health = await call(server, { path: "sys/health" })
  assert.equal(health.status, 474)
  assert.match(health.text, /could not write to the disk/)
  assert.match(server.log(), /could not write to the disk/)
  assert.equal((await call(server, { path: "sys/health?haunhealthycode=299" })).status, 299)
  await mustHold(server, { acknowledged: outcome.acknowledged.slice(0, 3), refused: [] }, 8000)
  assert.ok(resize(dir, 64))
  // Space alone brings no trust back: what the disk holds is known only after a restart.
  assert.ok((await put(server, "kv/after", { value: "1" })).status >= 500)
  const next = await restarted(t, server)
  await mustHold(next, outcome, 8000)
  assert.equal((await put(next, "kv/after", { value: "1" })).status, 204)
  assert.equal((await call(next, { path: "sys/health" })).status, 200)
})

for (const [what, inject] of [
  ["a failed sync (EIO)", "fdatasync:error=EIO:when=20"],
  ["a failed write (EIO)", "pwrite64:error=EIO:when=40"],
  ["a write without space (ENOSPC)", "pwrite64:error=ENOSPC:when=40"],
] as const) {
  test(`${what} below the store stops all acknowledging, and a restart brings everything acknowledged back`, async t => {
    const reason = noInjection()
    if (reason !== undefined) return t.skip(reason)
    const server = await withKv(await startUnsealed({ plain: true, under: injecting(inject) }))
    t.after(() => rm(server.dir, { recursive: true, force: true }))
    const outcome = await write(server, 500, 3, 400)
    assert.equal(outcome.refused.length, 3, server.log())
    assert.deepEqual(
      outcome.refused.map(Number),
      [0, 1, 2].map(at => at + outcome.acknowledged.length),
      "the first failure is the end",
    )
    assert.equal((await call(server, { path: "sys/health" })).status, 474)
    assert.match(server.log(), /could not write to the disk/)
    const next = await restarted(t, server)
    await mustHold(next, outcome, 500)
    assert.equal((await put(next, "kv/after", { value: "1" })).status, 204)
  })
}

test("a slow disk makes writes slow, and none is acknowledged before it is on the disk", async t => {
  const reason = noInjection()
  if (reason !== undefined) return t.skip(reason)
  const server = await withKv(await startUnsealed({ plain: true, under: injecting("fdatasync:delay_enter=50000") }))
  t.after(() => rm(server.dir, { recursive: true, force: true }))
  const acknowledged: string[] = []
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let nth = 0; nth < 6; nth++) {
      const name = `${client}${nth}`
      if ((await put(server, `kv/${name}`, { value: name }).catch(() => ({ status: 0 }))).status === 204)
        acknowledged.push(name)
      if (acknowledged.length === 20) server.process.kill("SIGKILL")
    }
  })
  await Promise.all(clients)
  assert.ok(acknowledged.length >= 20)
  const next = await restarted(t, server)
  await mustHold(next, { acknowledged, refused: [] }, 1)
})

test("a full disk under the only audit device: requests fail without effect, and go on when there is space again", async t => {
  const disk = await smallDisk(t, 1)
  if (disk === undefined) return t.skip("Only root can mount a small file system")
  const server = await withKv(await startUnsealed({ plain: true, config: `audit_allowed_directories = ["${disk}"]` }))
  t.after(() => server.stop())
  assert.equal((await put(server, "kv/x", { value: "before" })).status, 204)
  const enabled = await put(server, "sys/audit/file", { type: "file", options: { file_path: join(disk, "audit.log") } })
  assert.equal(enabled.status, 204, enabled.text)
  const filler = join(disk, "filler")
  await writeFile(filler, Buffer.alloc(4_000_000)).catch(() => {})
  // What little room is left takes some records; from then on not one fits.
  for (let failures = 0; failures < 3; ) {
    const { status } = await call(server, { path: "kv/x", token: server.token })
    failures = status === 500 ? failures + 1 : 0
  }
  for (let nth = 0; nth < 3; nth++) {
    const { status, text } = await put(server, "kv/x", { value: "after" })
    assert.equal(status, 500)
    assert.ok(!text.includes("before"))
    assert.equal((await call(server, { path: "kv/x", token: server.token })).status, 500)
  }
  const health = await call(server, { path: "sys/health" })
  assert.equal(health.status, 474)
  assert.match(health.text, /audit/)
  assert.match(server.log(), /audit device file\/? failed/)
  await rm(filler)
  const read = await call(server, { path: "kv/x", token: server.token })
  assert.equal(fields(fields(read.json).data).value, "before", "what was refused had no effect")
  assert.equal((await call(server, { path: "sys/health" })).status, 200)
})

/**
 * The whole server is killed while clients write, over and over: every write that was answered is there afterwards, as a
 * whole. `ARCA_SERVER_KILL_CYCLES` says how often (a quarter of `ARCA_KILL_CYCLES` when it does not: a server takes longer to
 * start than a store, whose own test is storage/kill9.test.ts); tools/kill9.ts does it ten thousand times.
 */

import assert from "node:assert/strict"
import { createPublicKey } from "node:crypto"
import { once } from "node:events"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { verifyAudit } from "../../server/audit/verify.ts"
import { call, fields, startUnsealed } from "../parts/arca.ts"

const CYCLES = Number(process.env.ARCA_SERVER_KILL_CYCLES ?? Math.ceil(Number(process.env.ARCA_KILL_CYCLES ?? 16) / 4))
const CLIENTS = 6

type Open = Awaited<ReturnType<typeof startUnsealed>>

/** Writes unique names until the server is gone; calls back with each that was answered. */
async function write(server: Open, client: number, answered: (name: string, token: string) => void): Promise<void> {
  for (let nth = 0; ; nth++) {
    const name = `${server.process.pid}-${client}-${nth}`
    try {
      const data = { name, filler: name.repeat(1 + ((nth * 37) % 60)) }
      const kept = await call(server, { method: "PUT", path: `kv/data/${name}`, token: server.token, body: { data } })
      if (kept.status !== 200) return
      const made = await call(server, {
        method: "PUT",
        path: "auth/token/create",
        token: server.token,
        body: { policies: ["default"] },
      })
      if (made.status !== 200) return
      answered(name, String(fields(fields(made.json).auth).client_token))
    } catch {
      return
    }
  }
}

async function killed(server: Open, answered: (name: string, token: string) => void): Promise<void> {
  const clients = Array.from({ length: CLIENTS }, (_, client) => write(server, client, answered))
  await sleep(30 + Math.random() * 250)
  const gone = once(server.process, "exit")
  server.process.kill("SIGKILL")
  await Promise.all([gone, ...clients])
}

async function mustHold(server: Open, writes: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, token] of writes) {
    const read = await call(server, { path: `kv/data/${name}`, token: server.token })
    const data = fields(fields(fields(read.json).data).data)
    assert.equal(data.name, name, `"${name}" was answered and is lost: ${read.text}`)
    assert.equal(String(data.filler).replaceAll(name, ""), "")
    assert.equal((await call(server, { path: "auth/token/lookup-self", token })).status, 200, `the token of "${name}"`)
  }
}

test(`no answered write is lost when the server is killed ${CYCLES} times`, async t => {
  let server = await startUnsealed({ plain: true })
  t.after(async () => {
    server.process.kill("SIGKILL")
    await rm(server.dir, { recursive: true, force: true })
  })
  const put = (path: string, body: unknown) => call(server, { method: "PUT", path, token: server.token, body })
  await put("sys/mounts/kv", { type: "kv", options: { version: "2" } })
  await put("sys/audit/file", { type: "file", options: { file_path: join(server.dir, "audit.log") } })
  let total = 0
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const writes = new Map<string, string>()
    await killed(server, (name, token) => writes.set(name, token))
    server = { ...server, ...(await server.again()) }
    const opened = await put("sys/unseal", { key: server.share })
    assert.equal(fields(opened.json).sealed, false, opened.text)
    await mustHold(server, writes)
    total += writes.size
  }
  t.diagnostic(`${total} answered pairs of writes, ${CYCLES} kills`)
  assert.ok(total > CYCLES)
  const { public_key: pem } = fields(
    fields((await call(server, { path: "sys/audit/verification-key", token: server.token })).json).data,
  )
  const stopped = once(server.process, "exit")
  server.process.kill("SIGTERM")
  await stopped
  // Whoever is killed leaves at most half a line, and the next start declares it: nothing in the file is unexplained.
  const verified = await verifyAudit([join(server.dir, "audit.log")], { publicKey: createPublicKey(String(pem)) })
  assert.deepEqual(verified.findings, [])
  assert.ok(verified.intact && verified.records > total)
  t.diagnostic(`the audit is intact: ${verified.records} records, ${verified.torn} torn lines`)
})

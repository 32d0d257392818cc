import assert from "node:assert/strict"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { after, test } from "node:test"
import { setTimeout } from "node:timers/promises"
import { connect } from "node:tls"
import { promisify } from "node:util"
import { call, fields, type Running, reference, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "signals are checked on our own process"
const run = promisify(execFile)
const bin = resolve(import.meta.dirname, "../../bin/arca")
const dir = await mkdtemp(join(tmpdir(), "arca-signals-"))

after(() => rm(dir, { recursive: true, force: true }))

/** Waits until something holds; the process has its own pace. */
async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return
    await setTimeout(50)
  }
  assert.fail(`it never came to be that ${what}`)
}

const certificateOf = async (server: Running): Promise<string> => {
  const { port } = new URL(server.url)
  const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false })
  await once(socket, "secureConnect")
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

test("SIGHUP reads certificates, the log file and the log level anew, on all workers", { skip }, async () => {
  const log = join(dir, "server.log")
  const server = await startUnsealed({
    config: `workers = 2\nlog_level = "warn"\nlog_format = "json"\nlog_file = "${log}"\npid_file = "${join(dir, "pid")}"`,
  })
  try {
    assert.equal(Number(await readFile(join(dir, "pid"), "utf8")), server.process.pid, "of the process to signal")
    const before = await certificateOf(server)
    await run("openssl", [
      ...["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(server.dir, "key.pem")],
      ...["-out", join(server.dir, "cert.pem")],
    ])
    const config = join(server.dir, "server.hcl")
    await writeFile(config, (await readFile(config, "utf8")).replace('log_level = "warn"', 'log_level = "info"'))
    await rename(log, `${log}.1`)
    server.process.kill("SIGHUP")
    await until("the certificate is the new one", async () => (await certificateOf(server)) !== before)
    await until("the log level is the new one", async () => {
      const reply = await call(server, { path: "sys/loggers/core", token: server.token })
      return fields(fields(reply.json).data).core === "info"
    })
    await call(server, { method: "PUT", path: "sys/seal", token: server.token })
    await until("the new file has what comes now", async () => (await readFile(log, "utf8")).includes('"sealed"'))
  } finally {
    await server.stop()
  }
  assert.doesNotMatch(await readFile(`${log}.1`, "utf8"), /"sealed"/)
})

test("SIGTERM lets a request that is under way finish, ends monitors, and exits with 0", { skip }, async () => {
  const server = await startUnsealed({ plain: true })
  const env = { ...process.env, VAULT_ADDR: server.url, VAULT_TOKEN: server.token }
  const monitor = spawn(process.execPath, [bin, "monitor", "-log-level=debug"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let watched = ""
  monitor.stdout.on("data", chunk => (watched += chunk))
  await until("the monitor is connected", async () => {
    await call(server, { method: "POST", path: "sys/loggers", token: server.token, body: { level: "debug" } })
    await call(server, { method: "GET", path: "sys/internal/ui/mounts" })
    return server.log().length >= 0
  })
  const { port } = new URL(server.url)
  const body = JSON.stringify({ type: "kv" })
  const slow = request({
    port,
    method: "POST",
    path: "/v1/sys/mounts/late",
    headers: { "X-Vault-Token": server.token, "Content-Length": body.length },
  })
  const replied = once(slow, "response")
  slow.write(body.slice(0, 5))
  await setTimeout(200)
  const gone = once(server.process, "exit")
  const monitorGone = once(monitor, "exit")
  server.process.kill("SIGTERM")
  await setTimeout(200)
  slow.end(body.slice(5))
  const [response] = await replied
  assert.equal(response.statusCode, 204)
  response.resume()
  assert.deepEqual(await gone, [0, null])
  await monitorGone
  assert.equal(typeof watched, "string")
  await rm(server.dir, { recursive: true, force: true })
})

test("a server that is killed at any moment of its start and work starts again", { skip }, async () => {
  let server: Running & { token: string; share: string } = await startUnsealed({ plain: true })
  const { token, share } = server
  await call(server, { method: "POST", path: "sys/mounts/kv", token, body: { type: "kv" } })
  const rounds = Math.min(Number(process.env.ARCA_KILL_CYCLES ?? 3), 20)
  for (let round = 0; round < rounds; round++) {
    const written = await call(server, { method: "POST", path: `kv/${round}`, token, body: { round } })
    assert.equal(written.status, 204)
    const unanswered = call(server, { method: "POST", path: "kv/x", token, body: { round } }).catch(() => undefined)
    server.process.kill("SIGKILL")
    await unanswered
    server = { ...server, ...(await server.again()) }
    await call(server, { method: "PUT", path: "sys/unseal", body: { key: share } })
    const read = await call(server, { path: `kv/${round}`, token })
    assert.equal(fields(fields(read.json).data).round, round)
  }
  await server.stop()
})

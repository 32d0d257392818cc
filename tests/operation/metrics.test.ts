import assert from "node:assert/strict"
import { once } from "node:events"
import { get, type IncomingMessage } from "node:http"
import { after, before, test } from "node:test"
import { setTimeout } from "node:timers/promises"
import { call, fields, reference, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "these are promises of several workers, which the reference does not have"

let server: Awaited<ReturnType<typeof startUnsealed>>

before(async () => {
  if (skip) return
  server = await startUnsealed({
    plain: true,
    config: "workers = 2\ntelemetry {\n  disable_hostname = true\n}",
    listener: "  telemetry {\n    unauthenticated_metrics_access = true\n  }",
  })
})

after(() => server?.stop())

const valueIn = (text: string, series: string): number =>
  Number(
    text
      .split("\n")
      .find(line => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  )

const scraped = async (): Promise<string> => (await call(server, { path: "sys/metrics?format=prometheus" })).text

test("a listener that says so shows the metrics of all workers without a token, sealed or not", { skip }, async () => {
  const asked = 20
  await scraped()
  const before = valueIn(await scraped(), 'vault_core_response_status_code{code="200",type="2xx"}')
  for (let count = 0; count < asked; count++) await call(server, { path: "sys/mounts", token: server.token })
  const text = await scraped()
  // The scrapes themselves are counted as well: one of them lies between the two readings.
  assert.equal(valueIn(text, 'vault_core_response_status_code{code="200",type="2xx"}') - before, asked + 1)
  assert.ok(valueIn(text, "process_resident_memory_bytes") > 50e6)
  await call(server, { method: "PUT", path: "sys/seal", token: server.token })
  assert.equal(valueIn(await scraped(), "vault_core_unsealed"), 0)
  assert.equal((await call(server, { path: "sys/in-flight-req" })).status, 503)
  await call(server, { method: "PUT", path: "sys/unseal", body: { key: server.share } })
  assert.equal(valueIn(await scraped(), "vault_core_unsealed"), 1)
})

test("a name that is locked out by one worker is locked out on the other", { skip }, async () => {
  const { token } = server
  await call(server, { method: "POST", path: "sys/auth/userpass", token, body: { type: "userpass" } })
  await call(server, { method: "POST", path: "auth/userpass/users/anna", token, body: { password: "right" } })
  const login = (password: string) =>
    call(server, { method: "POST", path: "auth/userpass/login/anna", body: { password } })
  const statuses: number[] = []
  for (let count = 0; count < 6; count++) statuses.push((await login("wrong")).status)
  assert.deepEqual(statuses, [400, 400, 400, 400, 400, 403])
  assert.equal((await login("right")).status, 403)
  const { data } = fields((await call(server, { path: "sys/locked-users", token })).json)
  assert.equal(fields(data).total, 1)
})

test("a monitor shows the log of all workers, whichever it speaks with", { skip, timeout: 60_000 }, async () => {
  const headers = { "X-Vault-Token": server.token }
  const monitor = get(`${server.url}/v1/sys/monitor?log_level=warn`, { headers, agent: false })
  monitor.on("error", () => {})
  const [response]: IncomingMessage[] = await once(monitor, "response")
  let shown = ""
  response?.setEncoding("utf8").on("data", chunk => {
    shown += chunk
  })
  const tries = 8
  const path = "sys/storage/raft/snapshot"
  /** Something that is logged by the worker that serves it; connections go to the workers in turn. */
  const allShown = async (): Promise<boolean> => {
    shown = ""
    for (let nth = 0; nth < tries; nth++)
      await call(server, { method: "POST", path, token: server.token, body: "none" })
    for (let wait = 0; wait < 30 && shown.split("a snapshot is being restored").length <= tries; wait++)
      await setTimeout(100)
    return shown.split("a snapshot is being restored").length > tries
  }
  // The other workers keep lines from the moment on that they were first asked for them.
  assert.ok((await allShown()) || (await allShown()), shown)
  monitor.destroy()
})

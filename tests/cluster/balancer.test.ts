/** Three nodes behind haproxy with the configuration that deploy/ ships: what a client sees of a node's death, drain and restart. */

import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { freePort } from "../parts/port.ts"
import { asker, type Cluster, must, startCluster } from "./nodes.ts"
import { missing, startStore } from "./stores.ts"

const HAPROXY = "/usr/sbin/haproxy"
const skip =
  (await missing("postgresql")) ??
  (existsSync(HAPROXY) ? false : "haproxy is not installed (node tools/parts.ts installs it on Debian)")

/** The promise is one second; a machine that runs other tests beside is given more. */
const GAP = Number(process.env.ARCA_BALANCER_SECONDS ?? 1)

async function startBalancer(cluster: Cluster): Promise<{ url: string; process: ChildProcess }> {
  const listen = `127.0.0.1:${await freePort()}`
  const nodes = cluster.urls.map((url, at) => [`ARCA_NODE_${at + 1}`, url.replace("http://", "")])
  const env = { ...process.env, ...Object.fromEntries(nodes), ARCA_LISTEN: listen }
  const config = join(import.meta.dirname, "../../deploy/cluster/haproxy.cfg")
  const child = spawn(HAPROXY, ["-db", "-q", "-f", config], { env, stdio: ["ignore", "ignore", "inherit"] })
  const url = `http://${listen}`
  const ask = asker(500)
  while ((await ask(url, { method: "GET", path: "sys/health" })) === undefined) {
    if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}`)
  }
  return { url, process: child }
}

const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))

/** Clients that read and write until they are stopped, as Vault's clients do: a request without an answer is sent again. */
function atWork(url: string, token: string, count: number) {
  let over = false
  let failures = 0
  let answered = 0
  let longest = 0
  const client = async (id: number) => {
    const ask = asker(5000)
    let last = performance.now()
    for (let nth = 0; !over; nth++) {
      const path = `kv/c${id}`
      const told = await ask(
        url,
        nth % 3 === 0 ? { method: "POST", path, token, body: { nth } } : { method: "GET", path, token },
      )
      if (told !== undefined && told.status < 400) {
        answered++
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      } else failures++
      await pause(0.02)
    }
  }
  const working = Array.from({ length: count }, (_, id) => client(id))
  return async () => {
    over = true
    await Promise.all(working)
    return { failures, answered, gap: longest / 1000 }
  }
}

test("clients behind a balancer lose no request when a node is restarted, and a moment when one dies", {
  skip,
}, async t => {
  const store = await startStore("postgresql", 3)
  t.after(() => store.stop())
  const cluster = await startCluster(store, 3)
  t.after(() => cluster.stop())
  const balancer = await startBalancer(cluster)
  t.after(async () => {
    const gone = once(balancer.process, "exit")
    if (balancer.process.kill("SIGKILL")) await gone
  })
  const mount = { type: "kv", options: { version: "1" } }
  await must(cluster, { method: "POST", path: "sys/mounts/kv", token: cluster.root, body: mount })
  await pause(1.5)

  const restarted = atWork(balancer.url, cluster.root, 6)
  await pause(1)
  await cluster.restart(0)
  await pause(1)
  const rolling = await restarted()
  t.diagnostic(`restart: ${JSON.stringify(rolling)}`)
  assert.ok(rolling.answered > 100)
  assert.equal(rolling.failures, 0)

  await cluster.healed()
  await pause(1.5)
  const killed = atWork(balancer.url, cluster.root, 6)
  await pause(1)
  await cluster.kill(1)
  await pause(2)
  const death = await killed()
  t.diagnostic(`death: ${JSON.stringify(death)}`)
  assert.ok(death.answered > 100)
  assert.ok(death.gap < GAP, `${death.gap} seconds without an answer`)

  const drained = await cluster.ask(2, { method: "PUT", path: "sys/step-down", token: cluster.root })
  assert.equal(drained?.status, 204)
  assert.equal((await cluster.ask(2, { method: "GET", path: "sys/health" }))?.status, 429)
  assert.equal((await cluster.ask(2, { method: "GET", path: "sys/health?standbyok=true" }))?.status, 200)
  assert.equal((await cluster.ask(2, { method: "GET", path: "kv/c1", token: cluster.root }))?.status, 200)
})

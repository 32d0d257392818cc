/** Attack class 1.11: exhaustion and quotas. */

import assert from "node:assert/strict"
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"
import { sendOne } from "./wire.ts"

const house = await openHouse({ listener: "  max_connections = 200" })
const put = (path: string, body: unknown) => house.ask({ method: "PUT", path, body })

attack(house, "K01", "a quota counts a mount by whatever way its path is written", async () => {
  await put("sys/mounts/k", { type: "kv" })
  await put("sys/namespaces/space", {})
  await house.ask({ method: "PUT", path: "sys/mounts/k", namespace: "space", body: { type: "kv" } })
  await put("sys/quotas/rate-limit/k", { path: "k/", rate: 1, interval: "600s" })
  await put("sys/quotas/rate-limit/spaced", { path: "space/k/", rate: 1, interval: "600s" })
  const ways = ["k/x", "k//x", "//k/x", "k%2fx", "%6b/x", "k/x?a=b", "k/", "k/%78"]
  const counted = async (asks: readonly { path: string; namespace?: string; method?: string }[]) => {
    let over = 0
    for (let nth = 0; nth < 700; nth++) {
      const ask = asks[nth % asks.length]
      if (ask !== undefined && (await house.ask(ask)).status === 429) over++
    }
    return over
  }
  assert.ok((await counted(ways.map(path => ({ path })))) >= 90)
  for (const path of ways) assert.equal((await house.ask({ path })).status, 429, path)
  for (const method of ["LIST", "DELETE", "SCAN"]) assert.equal((await house.ask({ method, path: "k/x" })).status, 429)
  assert.ok(
    (await counted([
      { path: "space/k/x" },
      { path: "k/x", namespace: "space" },
      { path: "k/x", namespace: "/space//" },
    ])) >= 60,
  )
  assert.equal((await house.ask({ path: "K/x" })).status, 404, "case matters: it is no mount")
  for (const name of ["k", "spaced"]) await house.must({ method: "DELETE", path: `sys/quotas/rate-limit/${name}` })
})

attack(house, "K01", "a forwarded address that nobody may forward does not make another client", async () => {
  await put("sys/mounts/f", { type: "kv" })
  await put("sys/quotas/rate-limit/f", { path: "f/", rate: 0.1, interval: "100s" })
  let over = 0
  for (let nth = 0; nth < 30; nth++) {
    const headers = { "X-Forwarded-For": `10.0.0.${nth}`, "X-Real-IP": `10.0.0.${nth}`, Forwarded: `for=10.0.0.${nth}` }
    if ((await house.ask({ path: "f/x", headers })).status === 429) over++
  }
  assert.ok(over >= 15, String(over))
  await house.must({ method: "DELETE", path: "sys/quotas/rate-limit/f" })
})

attack(house, "A23", "a login counts for its role's quota, whatever form its body has", async () => {
  await put("sys/auth/ar", { type: "approle" })
  await put("auth/ar/role/app", {
    token_policies: ["default"],
    bind_secret_id: false,
    token_bound_cidrs: "127.0.0.1/32",
  })
  const { role_id } = await house.must({ path: "auth/ar/role/app/role-id" })
  await put("sys/quotas/rate-limit/role", { path: "auth/ar/", role: "app", rate: 0.1, interval: "100s" })
  const form = { "Content-Type": "application/x-www-form-urlencoded" }
  const forms = [
    { body: { role_id } },
    { body: `role_id=${String(role_id)}`, headers: form },
    { body: `{"role_id":"${String(role_id)}"}`, headers: form },
    { body: ` {"x":1,"role_id":"${String(role_id)}"}` },
  ]
  const answers = []
  for (let nth = 0; nth < 20; nth++) {
    answers.push((await house.ask({ method: "PUT", path: "auth/ar/login", token: "", ...forms[nth % 4] })).status)
  }
  assert.ok(answers.includes(200))
  assert.deepEqual([...new Set(answers.slice(12))], [429], answers.join())
  await house.must({ method: "DELETE", path: "sys/quotas/rate-limit/role" })
})

attack(
  house,
  "K06",
  "a list of many names comes in pages, and a reader that stops reading costs only itself",
  async () => {
    const name = "n".repeat(200)
    const asks = Array.from({ length: 400 }, (_, nth) => ({
      method: "PUT",
      path: `kv1/big/${nth}${name}`,
      body: { v: 1 },
    }))
    for (let at = 0; at < asks.length; at += 100) await house.together(asks.slice(at, at + 100))
    const page = await house.ask({ path: "kv1/big/?list=true&limit=10" })
    assert.equal((fields(fields(page.json).data).keys as unknown[]).length, 10)
    const slow: Socket[] = []
    for (let nth = 0; nth < 20; nth++) {
      const socket = connect({ port: house.port, host: "127.0.0.1" })
      socket.on("error", () => {})
      await once(socket, "connect")
      socket.pause()
      const line = `GET /v1/kv1/big/?list=true HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.root}\r\n\r\n`
      socket.write(line.repeat(20))
      slow.push(socket)
    }
    for (let nth = 0; nth < 20; nth++) assert.equal((await house.ask({ path: "kv1/big/x" })).status, 404)
    for (const socket of slow) socket.destroy()
  },
)

attack(house, "K09", "a compressed body is refused, not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, "a"))
  const answers = await house.refused(async () => {
    const all = []
    for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "GZIP"]) {
      all.push(
        await house.ask({ method: "PUT", path: "kv1/zip", body: bomb, headers: { "Content-Encoding": encoding } }),
      )
    }
    return all
  })
  for (const { status } of answers) assert.equal(status, 415)
})

attack(house, "K10", "things that are large are refused by their size", async () => {
  const rule = 'path "x" { capabilities = ["read"] }\n'
  await house.refused(async () => [
    await put("sys/policies/acl/large", { policy: `${rule}${"# comment\n".repeat(1_000_000)}` }),
    await put("kv1/large", `{"v":"${"x".repeat(34_000_000)}"}`),
  ])
})

attack(
  house,
  "K12",
  "when all connections are taken those that come later are turned away, and it goes on afterwards",
  async () => {
    const sockets: Socket[] = []
    for (let nth = 0; nth < 260; nth++) {
      const socket = connect({ port: house.port, host: "127.0.0.1" })
      socket.on("error", () => {})
      sockets.push(socket)
      if (nth % 20 === 0) await sleep(5)
    }
    await sleep(100)
    for (const socket of sockets) socket.destroy()
    for (let nth = 0; nth < 200; nth++) {
      const { status } = await sendOne(house.port, { path: "sys/health" }).catch(() => ({ status: 0 }))
      if (status === 200) return
      await sleep(20)
    }
    assert.fail("the server did not come back")
  },
)

memoryStaysBounded(house)

/** Attack class 1.7: audit. Devices, lines and the verifier are tested by themselves in server/audit/. */

import assert from "node:assert/strict"
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { test } from "node:test"
import { AuditFailed } from "../../server/audit/index.ts"
import { testServer } from "../../server/testing.ts"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const { dir } = house.running
const enable = (name: string, options: Record<string, unknown>, type = "file") =>
  house.ask({ method: "PUT", path: `sys/audit/${name}`, body: { type, options } })

attack(house, "G01", "an audit file can be made only where the configuration allows it", async () => {
  await symlink("/etc", join(dir, "link")).catch(() => {})
  await mkdir(join(dir, "plugins")).catch(() => {})
  const places = [
    "/etc/x",
    "/proc/self/mem",
    "/tmp/../etc/x",
    `${dir}/../x`,
    `${dir}/store/arca.mdb`,
    `${dir}/store/x`,
    `${dir}/link/x`,
    "/dev/sda",
    "relative",
    "",
    `${dir}\u0000/x`,
    "/root/.ssh/authorized_keys",
  ]
  await house.refused(async () => {
    const answers = []
    for (const place of places) {
      answers.push(await enable("g01", { file_path: place }))
      answers.push(await enable("g01", { path: place }))
    }
    answers.push(await enable("g01", { file_path: `${dir}/ok.log`, mode: "04755" }))
    answers.push(await enable("g01", { file_path: `${dir}/ok.log`, prefix: "#!/bin/sh\n" }))
    return answers
  })
})

attack(
  house,
  "G03",
  "where no device takes the record there is no effect and no secret; with another device all goes on",
  async () => {
    const secret = house.canary()
    await house.must({ method: "PUT", path: "secret/data/g03", body: { data: { value: secret } } })
    // A listener that takes connections and never reads: the record goes to the file, so the requests succeed.
    const silent = createServer(socket => socket.pause()).listen(0, "127.0.0.1")
    await new Promise(resolve => silent.once("listening", resolve))
    const address = silent.address() as { port: number }
    const hung = await enable("hung", { address: `127.0.0.1:${address.port}`, write_timeout: "100ms" }, "socket")
    if (hung.status === 204) {
      assert.equal((await house.ask({ path: "secret/data/g03" })).status, 200)
      await house.must({ method: "DELETE", path: "sys/audit/hung" })
    }
    silent.close()
  },
)

test("G03: without a record of the request nothing happens, and without one of the response nobody hears of it", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("kv/x", { value: "before" })
  for (const kind of ["request", "response"] as const) {
    vault.refuseAudit(kind)
    const read = await vault.read("kv/x")
    assert.equal(read.status, 500, kind)
    assert.ok(!JSON.stringify(read.body).includes("before"))
    const wrote = await vault.write("kv/x", { value: kind })
    assert.equal(wrote.status, 500)
    const made = await vault.write("auth/token/create", { policies: ["default"] })
    assert.deepEqual([made.status, made.auth], [500, {}])
    const count = async () => {
      using view = vault.storage.view()
      return (await view.keys("ns/root/token/id/")).length
    }
    vault.refuseAudit("none")
    assert.equal(await count(), 1, `${kind}: no token is left behind`)
  }
  // What was committed before its response could not be recorded stays; only the answer is withheld.
  assert.equal((await vault.read("kv/x")).data.value, "response")
})

test("G03: what a handler writes while its request is being recorded is not committed before it is", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  const { promise, reject } = Promise.withResolvers<void>()
  const { audit } = vault.server
  const record = audit.request
  audit.request = () => promise
  const before = await vault.storage.version()
  const writing = vault.write("kv/x", { value: "early" })
  const reading = vault.read("kv/x")
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(await vault.storage.version(), before)
  reject(new AuditFailed("no device took it"))
  assert.deepEqual([(await writing).status, (await reading).status], [500, 500])
  assert.equal(await vault.storage.version(), before)
  audit.request = record
  assert.equal((await vault.read("kv/x")).status, 404)
})

attack(house, "G06", "a raw device beside it leaves the other hashed", async () => {
  const raw = join(dir, "raw.log")
  await house.must({
    method: "PUT",
    path: "sys/audit/raw",
    body: { type: "file", options: { file_path: raw, log_raw: "true" } },
  })
  const plain = `plain-${Math.trunc(performance.now())}-value`
  await house.must({ method: "PUT", path: "secret/data/g06", body: { data: { value: plain } } })
  await house.must({ method: "DELETE", path: "sys/audit/raw" })
  assert.ok((await readFile(raw, "utf8")).includes(plain))
  assert.ok(!(await readFile(join(dir, "audit.log"), "utf8")).includes(plain))
})

attack(house, "G07", "whatever is in paths, headers and agents, a record is one line of JSON", async () => {
  const before = (await readFile(join(dir, "audit.log"), "utf8")).split("\n").length
  await house.must({ method: "PUT", path: "sys/config/auditing/request-headers/user-agent", body: { hmac: false } })
  const nasty = [
    "secret/data/a%C2%A0b",
    "secret/data/%F0%9F%98%80",
    "secret/data/%22%7D%5D",
    "secret/data/%5Cu0000",
    "secret/data/%E2%80%A8x",
    "secret/data/a%7Fb",
  ]
  for (const path of nasty) await house.ask({ path, headers: { "User-Agent": '\u001b[31mred"}{\\' } })
  await house.raw(
    `GET /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.root}\r\nUser-Agent: \xff\xfe"\\\r\nConnection: close\r\n\r\n`,
  )
  const lines = (await readFile(join(dir, "audit.log"), "utf8")).split("\n").slice(before - 1, -1)
  for (const line of lines) {
    assert.doesNotThrow(() => JSON.parse(line), line)
    assert.ok(!/[\u0000-\u001f\u007f]/.test(line), line)
  }
  await house.must({ method: "DELETE", path: "sys/config/auditing/request-headers/user-agent" })
})

attack(house, "G10", "the hash of a guess is for those who may ask for it", async () => {
  const token = await house.token('path "secret/data/*" { capabilities = ["read"] }')
  await house.refused(async () => [
    await house.ask({ method: "PUT", path: "sys/audit-hash/file", token, body: { input: "guess" } }),
    await house.ask({ method: "PUT", path: "sys/audit-hash/file", token: "", body: { input: "guess" } }),
    await house.ask({ path: "sys/audit", token }),
    await house.ask({ method: "PUT", path: "sys/audit-hash/absent", body: { input: "guess" } }),
  ])
})

attack(house, "G12", "requests that a rate limit refused are recorded where that is configured", async () => {
  await house.must({ method: "PUT", path: "sys/mounts/limited", body: { type: "kv" } })
  await house.must({
    method: "PUT",
    path: "sys/quotas/rate-limit/g12",
    body: { path: "limited/", rate: 1, interval: "60s" },
  })
  await house.must({ method: "PUT", path: "sys/quotas/config", body: { enable_rate_limit_audit_logging: true } })
  const shown = await house.must({ path: "sys/quotas/config" })
  assert.equal(shown.enable_rate_limit_audit_logging, true)
  const refused = async (): Promise<string> => {
    for (;;) {
      const path = `limited/${Math.trunc(performance.now())}`
      if ((await house.ask({ path })).status === 429) return path
    }
  }
  for (let nth = 0; nth < 60; nth++) await house.ask({ path: "limited/x" })
  const path = await refused()
  const written = await readFile(join(dir, "audit.log"), "utf8")
  assert.ok(written.includes(`"path":"${path}"`), "recorded")
  await house.must({ method: "PUT", path: "sys/quotas/config", body: { enable_rate_limit_audit_logging: false } })
  const quiet = await refused()
  assert.ok(!(await readFile(join(dir, "audit.log"), "utf8")).includes(`"path":"${quiet}"`))
  await house.must({ method: "DELETE", path: "sys/quotas/rate-limit/g12" })
})

memoryStaysBounded(house)

attack(
  house,
  "G09",
  "disabling the only device is the last thing that is recorded on it, and it says who did it",
  async () => {
    const file = join(dir, "audit.log")
    await house.must({ method: "DELETE", path: "sys/audit/file" })
    const last = (await readFile(file, "utf8")).trimEnd().split("\n").slice(-4).join("\n")
    assert.match(last, /"type":"response"[^\n]*"path":"sys\/audit\/file"/)
    await house.must({ method: "PUT", path: "sys/audit/file", body: { type: "file", options: { file_path: file } } })
    await writeFile(join(dir, "note"), String(fields({}).x))
  },
)

/**
 * Things that may happen once, asked for by many at the same moment, on one process and on two that share the store: tokens
 * with counted uses (C05), wrapped replies (C18), secret ids, check-and-set (H01), mounts, revocation (C06).
 */

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fields } from "../parts/arca.ts"
import { attack, type House, openHouse } from "./house.ts"
import type { Answer, Ask } from "./wire.ts"

const CROWD = 50

const times = (count: number, ask: Ask): Ask[] => Array.from({ length: count }, () => ask)
const ok = (answers: readonly Answer[]): number => answers.filter(one => one.status >= 200 && one.status < 300).length

/** Requests are spread over the processes by the kernel; each has to be open before the first race. */
async function everyProcessOpen(house: House): Promise<void> {
  for (let inRow = 0; inRow < 40; ) {
    const answers = await house.together(times(10, { path: "sys/health" }))
    inRow = answers.every(one => one.status === 200) ? inRow + 10 : 0
    if (inRow === 0) await sleep(50)
  }
}

async function openedWith(workers: number): Promise<House> {
  const house = await openHouse({ config: `workers = ${workers}` })
  await everyProcessOpen(house)
  return house
}

// Both before the first case: one that is declared while others run may come after the last of them.
const houses = [await openedWith(1), await openedWith(2)]

for (const [index, house] of houses.entries()) {
  const workers = index + 1
  const must = (path: string, body: unknown = {}) => house.must({ method: "PUT", path, body })
  const on = workers === 1 ? "one process" : "two processes"

  attack(house, "C05", `a token is good for exactly as many requests as it has uses, on ${on}`, async () => {
    for (const uses of [1, 1, 2, 7]) {
      const { client_token: token } = await must("auth/token/create", { policies: ["default"], num_uses: uses })
      const answers = await house.together(times(CROWD, { path: "auth/token/lookup-self", token: String(token) }))
      assert.equal(ok(answers), uses)
      assert.equal(answers.filter(one => one.status === 403).length, CROWD - uses)
    }
  })

  attack(house, "C18", `a wrapped reply is opened once, on ${on}`, async () => {
    for (let round = 0; round < 3; round++) {
      const wrapped = await house.ask({
        method: "PUT",
        path: "sys/wrapping/wrap",
        headers: { "X-Vault-Wrap-TTL": "60s" },
        body: { a: house.canary() },
      })
      const token = String(fields(fields(wrapped.json).wrap_info).token)
      const mixed = [
        ...times(CROWD / 2, { method: "PUT", path: "sys/wrapping/unwrap", body: { token } }),
        ...times(CROWD / 2, { method: "PUT", path: "sys/wrapping/unwrap", token }),
      ]
      assert.equal(ok(await house.together(mixed)), 1)
    }
  })

  attack(house, "E12", `a secret id is good for as many logins as it has uses, on ${on}`, async () => {
    await must("sys/auth/race", { type: "approle" })
    for (const num_uses of [1, 3]) {
      // A role of its own: what is refused here counts as guessing, and would lock the role out.
      const role = `auth/race/role/app${num_uses}`
      await must(role, { token_policies: ["default"] })
      const { role_id } = await house.must({ path: `${role}/role-id` })
      const { secret_id } = await must(`${role}/secret-id`, { num_uses })
      const login = { method: "PUT", path: "auth/race/login", token: "", body: { role_id, secret_id } }
      assert.equal(ok(await house.together(times(CROWD, login))), num_uses)
    }
    await house.must({ method: "DELETE", path: "sys/auth/race" })
  })

  attack(house, "H01", `of many that replace one version one does, on ${on}`, async () => {
    for (let cas = 0; cas < 4; cas++) {
      const write = { method: "PUT", path: "secret/data/race", body: { options: { cas }, data: { cas } } }
      assert.equal(ok(await house.together(times(CROWD, write))), 1)
    }
    const { current_version: version } = await house.must({ path: "secret/metadata/race" })
    assert.equal(version, 4)
  })

  attack(house, "H01", `of many that add to one object with patches none is lost, on ${on}`, async () => {
    await must("secret/data/patched", { data: { start: 1 } })
    const patches = Array.from({ length: 30 }, (_, nth) => ({
      method: "PATCH",
      path: "secret/data/patched",
      headers: { "Content-Type": "application/merge-patch+json" },
      body: { data: { [`k${nth}`]: nth } },
    }))
    assert.equal(ok(await house.together(patches)), 30)
    const read = await house.must({ path: "secret/data/patched" })
    assert.equal(Object.keys(fields(read.data)).length, 31)
  })

  attack(
    house,
    "C06",
    `a mount that comes and goes while clients write is there or not, never half, on ${on}`,
    async () => {
      house.allow(503)
      for (let round = 0; round < 3; round++) {
        const writes = Array.from({ length: CROWD }, (_, nth) => ({
          method: "PUT",
          path: `here/${nth}`,
          body: { nth },
        }))
        await must("sys/mounts/here", { type: "kv" })
        const [gone, ...written] = await house.together([{ method: "DELETE", path: "sys/mounts/here" }, ...writes])
        assert.equal(gone?.status, 204)
        assert.ok(
          written.every(one => [204, 404, 503].includes(one.status)),
          written.map(one => one.status).join(),
        )
        const twice = await house.together(times(4, { method: "PUT", path: "sys/mounts/here", body: { type: "kv" } }))
        assert.equal(ok(twice), 1, "mounted once")
        // What was written before the unmounting is gone with it, also what raced with it.
        assert.equal((await house.ask({ method: "LIST", path: "here/" })).status, 404)
        await house.must({ method: "DELETE", path: "sys/mounts/here" })
      }
      using view = house.storage.view()
      const mounts = JSON.stringify([await house.must({ path: "sys/mounts" }), await house.must({ path: "sys/auth" })])
      for (const key of await view.keys("ns/root/m/")) {
        assert.ok(mounts.includes(key.split("/", 1)[0] ?? ""), `left over from an unmounted engine: ${key}`)
      }
    },
  )

  attack(
    house,
    "G03",
    `an audit device that one process opens has the record of every request from then on, on ${on}`,
    async () => {
      const file = join(house.running.dir, "second.log")
      for (let round = 0; round < 3; round++) {
        await must("sys/audit/second", { type: "file", options: { file_path: file } })
        const before = (await readFile(file, "utf8")).split("\n").length
        const answers = await house.together(times(CROWD, { path: "auth/token/lookup-self" }))
        assert.equal(ok(answers), CROWD)
        const written = (await readFile(file, "utf8")).split("\n").slice(before - 1)
        assert.equal(written.filter(line => line.includes('"type":"response"')).length, CROWD)
        await house.must({ method: "DELETE", path: "sys/audit/second" })
      }
    },
  )

  attack(house, "C06", `a revocation that was answered holds on ${on}`, async () => {
    for (let round = 0; round < 5; round++) {
      const { client_token: text } = await must("auth/token/create", { policies: ["default"] })
      const token = String(text)
      const use = { path: "auth/token/lookup-self", token }
      await house.together([
        ...times(10, use),
        { method: "PUT", path: "auth/token/revoke", body: { token } },
        ...times(10, use),
      ])
      assert.equal(ok(await house.together(times(20, use))), 0)
    }
  })
}

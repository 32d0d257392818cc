/**
 * A server under requests that nobody meant: never a 5xx, never a crash, never more memory than a bound.
 *
 * `ARCA_FUZZ_REQUESTS` says how many; a failure prints its seed (`ARCA_FUZZ_SEED` runs it again) and the request.
 */

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { call, startUnsealed } from "../parts/arca.ts"
import { type Answer, sendRaw } from "../security/wire.ts"
import { dice, seedOfRun } from "./dice.ts"
import { MOUNTS, request, targets } from "./requests.ts"

const COUNT = Number(process.env.ARCA_FUZZ_REQUESTS ?? 3000)
const CLIENTS = 8
const MAX_GROWTH_KB = 200 * 1024

/** Without the pages of the store, which are the kernel's to keep or drop. */
const residentKb = async (pid: number | undefined): Promise<number> =>
  Number(/RssAnon:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))?.[1] ?? 0)

test(`${COUNT} made-up requests get no 5xx, and the server stays up and small`, async t => {
  const seed = seedOfRun()
  t.diagnostic(`ARCA_FUZZ_SEED=${seed}`)
  const server = await startUnsealed({ plain: true })
  t.after(() => server.stop())
  const port = Number(new URL(server.url).port)
  const put = (path: string, body: unknown) => call(server, { method: "PUT", path, token: server.token, body })
  const furnish = async () => {
    for (const { kind, type, path, version } of MOUNTS) {
      const options = version === undefined ? {} : { options: { version } }
      await put(`sys/${kind === "auth" ? path : `mounts/${path}`}`.replace(/\/$/, ""), { type, ...options })
    }
  }
  await furnish()
  await put("sys/audit/file", { type: "file", options: { file_path: join(server.dir, "audit.log") } })
  const all = await targets()
  assert.ok(all.length > 100, String(all.length))
  const chance = dice(seed)
  const statuses = new Map<number, number>()
  let started = 0
  let baseline = 0
  const client = async () => {
    while (started < COUNT) {
      const nth = started++
      if (nth === Math.floor(COUNT / 4)) baseline = await residentKb(server.process.pid)
      // What was unmounted on the way comes back.
      if (nth % 500 === 499) await furnish()
      const bytes = request(all, server.token, chance)
      const answers: Answer[] = await sendRaw(port, bytes, 1500).catch(() => [])
      for (const { status, text } of answers) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const told = `seed ${seed}, request ${nth}: ${status} ${text}\n${bytes.toString("latin1")}\n${server.log().slice(-3000)}`
        assert.ok(status < 500, told)
      }
      assert.equal(
        server.process.exitCode,
        null,
        `seed ${seed}, request ${nth}: the server ended\n${server.log().slice(-3000)}`,
      )
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  assert.equal((await call(server, { path: "sys/health" })).status, 200)
  const growth = (await residentKb(server.process.pid)) - baseline
  t.diagnostic(
    `${[...statuses]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(", ")}; ${Math.round(growth / 1024)} MB more`,
  )
  assert.ok(growth < MAX_GROWTH_KB, `grew by ${growth} kB`)
  assert.ok((statuses.get(200) ?? 0) > COUNT / 50, "some of it must be right, or nothing is tested")
})

/**
 * Every verb of every route with parameters that nobody means: from the declarations come names, and values of every kind in the
 * place of every other. Whatever is asked, the server answers with a refusal or an answer, never with a fault (500), and it
 * still serves afterwards. ARCA_FUZZ_RUNS and ARCA_FUZZ_SEED choose how often, and which.
 */

import assert from "node:assert/strict"
import { test } from "node:test"
import { type Act, actsOf, type Json, type JsonObject, parametersOf, takenBy } from "@arca/api"
import { silentLogs } from "../../server/logs/logs.ts"
import { mountTable } from "../../server/mounts.ts"
import { ROOT } from "../../server/namespaces.ts"
import { testServer } from "../../server/testing.ts"
import { mountEverything } from "../../tools/specification.ts"

const RUNS = Number(process.env.ARCA_FUZZ_RUNS ?? 3)
/** After so many seconds no more is asked; how far it came is printed. */
const SECONDS = Number(process.env.ARCA_FUZZ_SECONDS ?? 30)
const SEED = Number(process.env.ARCA_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Mulberry32: the same seed, the same requests. */
function dice(seed: number): <T>(choices: readonly T[]) => T {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return choices => choices[Math.floor(next() * choices.length)] as (typeof choices)[number]
}

const NUMBERS: readonly Json[] = [0, 1, -1, 3, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e300]
const TEXTS: readonly Json[] = [
  ...["", "a", "app", "true", "5m", "-5m", "1e9h", "0", "-1", "99999999999999999999", "2030-01-01T00:00:00Z"],
  ...["a,b,,c", "k=v", "{}", "[]", "null", "../../sys", "a b", "ü\u0000\u{1f511}", "\\", "%00", "'; --", "{{x}}"],
  ...["127.0.0.1/33", "::1/64", "aGVsbG8=", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "*"],
  "x".repeat(9000),
]
const NESTED: readonly Json[] = [
  ...[[], {}, [[]], [1, "a", null], ["a", "b"], { a: 1 }, { a: { b: [{}] } }, { "": "" }],
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}') as Json,
]
const VALUES: readonly Json[] = [...TEXTS, ...NUMBERS, ...NESTED, null, true, false]

const WORDS = [
  "a",
  "app",
  "A-b_c.9",
  "__proto__",
  "constructor",
  "toString",
  "x".repeat(300),
  "..",
  "ü",
  "1",
  "root",
  "default",
]

/** What would end the server, or the test's own means. */
const SPARED = new Set([
  ...["system seal", "system namespaces/api-lock/lock/*path", "system storage/raft/snapshot"],
  ...["system storage/raft/snapshot-force", "system monitor", "token revoke-self"],
  // They look at the server for as long as they are asked to: half a minute by default.
  ...["system pprof/profile", "system pprof/trace"],
])

test("no request is answered with a fault", { timeout: 300_000 }, async t => {
  const roll = dice(SEED)
  const faults: string[] = []
  let asked = ""
  const logs = silentLogs()
  const vault = await testServer({
    // Nobody outside is asked.
    parts: {
      outbound: { allow: [], deny: ["0.0.0.0/0", "::/0"], privateNetworks: false },
      logs: { ...logs, log: { ...logs.log, error: text => void faults.push(`${asked}\n${text}`) } },
    },
  })
  await mountEverything(vault)
  using view = vault.storage.view()
  const { all } = await mountTable(view, ROOT)
  // The server's own routes come last: they take mounts and policies away.
  const mounts = [...all].sort((a, b) => Number(a.path === "sys/") - Number(b.path === "sys/"))
  const until = performance.now() + SECONDS * 1000
  let requests = 0
  let skipped = 0
  for (const entry of mounts) {
    for (const act of actsOf(vault.server.registry.table(entry))) {
      if (SPARED.has(`${entry.type} ${act.path}`)) continue
      for (let run = 0; run < RUNS; run++) {
        if (performance.now() > until) {
          skipped++
          continue
        }
        const path = entry.path + pathOf(act, roll)
        const body = bodyOf(act, roll)
        const operation = act.verb === "write" ? "update" : act.verb
        asked = `${operation} ${path} ${JSON.stringify(body).slice(0, 400)}`
        const token = await vault.token(["root"], { ttl: "1h" })
        await vault
          .ask(operation, act.verb === "list" || act.verb === "scan" ? `${path}/` : path, body, { token })
          .catch((error: Error) => faults.push(`${asked}\n${error.message}`))
        requests++
      }
    }
  }
  t.diagnostic(`${requests} requests, seed ${SEED}; ${skipped} left out after ${SECONDS} s`)
  assert.deepEqual(
    faults.map(text => text.slice(0, 1500)),
    [],
    `ARCA_FUZZ_SEED=${SEED}`,
  )
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
  assert.equal((await vault.read("sys/mounts")).status, 200)
})

type Roll = ReturnType<typeof dice>

const pathOf = (act: Act, roll: Roll): string =>
  parametersOf(act.path).reduce(
    (path, name) => path.replace(new RegExp(`([:*])${name}(?=/|$)`), (_, sort: string) => wordFor(sort, roll)),
    act.path,
  )

const wordFor = (sort: string, roll: Roll): string => (sort === "*" ? `${roll(WORDS)}/${roll(WORDS)}` : roll(WORDS))

/** Some of the declared parameters, each with a value of its own kind or of another. */
function bodyOf(act: Act, roll: Roll): JsonObject {
  const { query, body } = takenBy(act)
  const named = [...query, ...body].filter(() => roll([true, true, false]))
  const entries = named.map(([name, { options }]): [string, Json] => {
    const own = [...(options.choices ?? []).map(String), ...(options.default === undefined ? [] : [null])]
    return [name, own.length > 0 && roll([true, false]) ? roll(own) : roll(VALUES)]
  })
  return { ...Object.fromEntries(entries), ...(roll([false, false, true]) ? { unheard_of: roll(VALUES) } : {}) }
}

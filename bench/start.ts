/**
 * `npm run bench:start`: how long a server takes from its start to its first answer, and what memory it holds, by how much
 * lies in its store: secrets, tokens and leases, as many of each.
 *
 *     npm run bench:start                         0, 100,000 and 1,000,000 of each
 *     npm run bench:start -- --counts=0,10000
 */

import { stat } from "node:fs/promises"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { makeStore, startArca } from "./arca.ts"
import { fill } from "./fill.ts"

const { values: flags } = parseArgs({ options: { counts: { type: "string", default: "0,100000,1000000" } } })

const MEGABYTE = 2 ** 20

process.stdout.write(
  "secrets, tokens, leases   store MiB   ready ms   resident MiB   without mapped files   first read ms\n",
)
for (const count of flags.counts.split(",").map(Number)) {
  const store = await makeStore()
  try {
    await fill(store, count, done => process.stderr.write(`\r${done} of ${count} written`))
    process.stderr.write("\r")
    const { size } = await stat(join(store.dir, "store", "arca.mdb"))
    await using server = await startArca(store, 1)
    const started = performance.now()
    if (count > 0) await server.ask("GET", `secret/data/app/${count - 1}`)
    const read = performance.now() - started
    const { resident, own } = await server.memory()
    process.stdout.write(
      String(count).padStart(23) +
        (size / MEGABYTE).toFixed(0).padStart(12) +
        server.ready.toFixed(0).padStart(11) +
        (resident / MEGABYTE).toFixed(0).padStart(15) +
        (own / MEGABYTE).toFixed(0).padStart(23) +
        `${read.toFixed(1).padStart(16)}\n`,
    )
  } finally {
    await store.remove()
  }
}

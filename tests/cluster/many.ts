/**
 * Many seeded runs with longer troubles: `node tests/cluster/many.ts [runs] [first seed] [postgresql|etcd] [longest, in seconds]`. Each run
 * prints a line; the first violation ends with the seed, the troubles and the history.
 */

import { must, startCluster } from "./nodes.ts"
import { missing, type StoreType, startStore } from "./stores.ts"
import { run } from "./story.ts"

const [runs = "200", first = "1", only, longest = "5"] = process.argv.slice(2)

/** After so many runs the cluster is made anew, so that its store stays small. */
const RUNS_OF_A_CLUSTER = 25

async function many(type: StoreType): Promise<void> {
  let seed = Number(first)
  const end = seed + Number(runs)
  while (seed < end) {
    const store = await startStore(type, 3)
    const cluster = await startCluster(store, 3)
    const mount = { type: "kv", options: { version: "2" } }
    await must(cluster, { method: "POST", path: "sys/mounts/kv", token: cluster.root, body: mount })
    try {
      for (let nth = 0; nth < RUNS_OF_A_CLUSTER && seed < end; nth++, seed++) {
        const result = await run(cluster, store.troubles, { seed, seconds: 8, longest: Number(longest), clients: 10 })
        console.log(type, JSON.stringify({ ...result, troubles: result.troubles.length }))
      }
    } catch (error) {
      console.error(error, cluster.logs())
      throw error
    } finally {
      await cluster.stop()
      await store.stop()
    }
  }
}

for (const type of ["postgresql", "etcd"] satisfies StoreType[]) {
  const lack = await missing(type)
  if (only !== undefined && only !== type) continue
  if (lack === undefined) await many(type)
  else console.error(lack)
}

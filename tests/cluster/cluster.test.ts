/**
 * Three nodes on a real PostgreSQL, and three on an etcd of three members, at work while nodes are killed and paused, connections
 * cut, and the store restarted. `ARCA_CLUSTER_RUNS` is the number of seeded runs on each (1), `ARCA_CLUSTER_SEED` the first
 * seed; `node tests/cluster/many.ts 200` runs many, longer ones.
 */

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { startCluster } from "./nodes.ts"
import { missing, type StoreType, startStore } from "./stores.ts"
import { must, run } from "./story.ts"

const runs = Number(process.env.ARCA_CLUSTER_RUNS ?? 1)
const first = Number(process.env.ARCA_CLUSTER_SEED ?? 1)

for (const type of ["postgresql", "etcd"] satisfies StoreType[]) {
  const skip = (await missing(type)) ?? false
  describe(`three nodes on ${type}`, { skip }, () => {
    test("answer as one correct server would, whatever befalls them and their store", async t => {
      const store = await startStore(type, 3)
      t.after(() => store.stop())
      const cluster = await startCluster(store, 3)
      t.after(() => cluster.stop())
      await must(cluster, {
        method: "POST",
        path: "sys/mounts/kv",
        token: cluster.root,
        body: { type: "kv", options: { version: "2" } },
      })
      for (let seed = first; seed < first + runs; seed++) {
        const result = await run(cluster, store.troubles, { seed, seconds: 6, longest: 1.5, clients: 10 })
        t.diagnostic(JSON.stringify(result))
        assert.ok(result.operations > 100, `only ${result.operations} operations`)
      }
    })
  })
}

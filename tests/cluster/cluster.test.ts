/**
 * Three nodes on a real PostgreSQL, and three on an etcd of three members, at work while nodes are killed and paused, connections
 * cut, and the store restarted. `ARCA_CLUSTER_RUNS` is the number of seeded runs on each (1), `ARCA_CLUSTER_SEED` the first
 * seed, `ARCA_CLUSTER_TALK=1` tells what happens; `node tests/cluster/many.ts 200` runs many, longer ones.
 */

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { start as startPostgresql, missing as withoutTarget } from "../parts/postgresql.ts"
import { runLeases } from "./leases.ts"
import { must, startCluster } from "./nodes.ts"
import { missing, type StoreType, startStore } from "./stores.ts"
import { run } from "./story.ts"

const noTarget = await withoutTarget()
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
      if (noTarget !== undefined) return t.diagnostic(`leases are not tried: ${noTarget}`)
      const target = await startPostgresql()
      t.after(() => target.stop())
      const leases = await runLeases(cluster, target, { seed: first, seconds: 4, longest: 1.5, patience: 60 })
      t.diagnostic(JSON.stringify(leases))
      assert.ok(leases.handedOut > 5, `only ${leases.handedOut} credentials`)
      assert.deepEqual({ twice: leases.twice, overdue: leases.overdue }, { twice: [], overdue: [] })
      // A request that died in between has left a role; its lease was there before, and will end it.
      assert.ok(leases.left <= leases.leases, `${leases.left} roles, ${leases.leases} leases`)
    })
  })
}

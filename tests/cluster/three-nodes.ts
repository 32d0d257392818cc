/** The test of three nodes on one kind of store, for the two files that run it side by side. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { campaign, shownTotals } from "./campaign.ts"
import { missing, type StoreType } from "./stores.ts"

/** With so many runs every kind of trouble has come. */
const ENOUGH = 60

/**
 * `ARCA_CLUSTER_RUNS` is the number of seeded runs (4), `ARCA_CLUSTER_SEED` the first seed, `ARCA_CLUSTER_TALK=1` tells what
 * happens; `node tests/cluster/many.ts` makes more, or one again.
 */
export async function threeNodes(type: StoreType): Promise<void> {
  const runs = Number(process.env.ARCA_CLUSTER_RUNS ?? 4)
  const first = Number(process.env.ARCA_CLUSTER_SEED ?? 1)
  const skip = (await missing(type)) ?? false
  const name = `three nodes on ${type} answer as one correct server would, whatever befalls them and their store`
  test(name, { skip }, async t => {
    const seeds = Array.from({ length: runs }, (_, nth) => first + nth)
    const totals = await campaign({ type, seeds, say: line => process.stderr.write(`${line}\n`) })
    t.diagnostic(shownTotals(type, totals))
    assert.ok(totals.operations > 100 * runs, `only ${totals.operations} operations`)
    const absent = Object.entries(totals.troubles).filter(([, times]) => times === 0)
    if (runs >= ENOUGH) assert.deepEqual(absent, [])
  })
}

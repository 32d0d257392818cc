/**
 * Many seeded runs, or one again:
 *
 *     node tests/cluster/many.ts --runs 1000                       a thousand on each store
 *     node tests/cluster/many.ts --store etcd --first 201 --runs 50
 *     node tests/cluster/many.ts --store etcd --seed 217           this one alone
 *
 * `ARCA_CLUSTER_TALK=1` tells each trouble as it comes. The first violation ends it, with the seed, the troubles and the history.
 */

import { parseArgs } from "node:util"
import { campaign, shownTotals } from "./campaign.ts"
import { longBeside } from "./plan.ts"
import { missing, type StoreType } from "./stores.ts"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    first: { type: "string", default: "1" },
    seed: { type: "string" },
    store: { type: "string" },
  },
})

const TYPES = ["postgresql", "etcd"] satisfies StoreType[]

function number(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Error(`--${name} ${text}: it must be a whole number from 1`)
}

/** One seed with the long run that it is beside, if there is one; or as many as asked for. */
function seeds(): number[] {
  if (values.seed !== undefined) {
    const seed = number("seed", values.seed)
    const beside = longBeside(seed)
    return beside === undefined ? [seed] : [beside, seed]
  }
  const first = number("first", values.first)
  return Array.from({ length: number("runs", values.runs) }, (_, nth) => first + nth)
}

const chosen = TYPES.filter(type => values.store === undefined || values.store === type)
if (chosen.length === 0) throw new Error(`--store ${values.store}: it must be ${TYPES.join(" or ")}`)

for (const type of chosen) {
  const lack = await missing(type)
  if (lack !== undefined) {
    console.error(`${type}: ${lack}`)
    process.exitCode = 1
    continue
  }
  try {
    console.log(shownTotals(type, await campaign({ type, seeds: seeds(), say: console.log })))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}

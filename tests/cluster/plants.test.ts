/**
 * The checks have teeth: each planted bug is found by the same runs that find none in the server as it is. Two bugs unless
 * `ARCA_CLUSTER_RUNS` asks for as many runs as there are in CI; the rare ones from 200 on.
 */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { campaign } from "./campaign.ts"
import { PLANTS, type Plant, planted } from "./plants.ts"
import { missing } from "./stores.ts"

/** A bug that needs luck to show is given so many runs. */
const TRIES = 24

const runs = Number(process.env.ARCA_CLUSTER_RUNS ?? 4)
const some = runs < 60 ? PLANTS.slice(0, 2) : PLANTS

test("what planted bugs replace stands once in its file", () => {
  const times = ({ file, from }: Plant) =>
    readFileSync(join(import.meta.dirname, "../..", file), "utf8").split(from).length - 1
  const gone = PLANTS.filter(plant => times(plant) !== 1)
  assert.deepEqual(gone, [], "the source has changed: change `from` and `to` in plants.ts as well")
})

for (const plant of some) {
  const tries = plant.rare ? 5 * TRIES : TRIES
  const tooRare = plant.rare && runs < 200 ? "it is rare: ARCA_CLUSTER_RUNS=200 looks for it" : undefined
  const skip = (await missing(plant.store)) ?? tooRare ?? false
  test(`found within ${tries} runs: ${plant.name}`, { skip }, async t => {
    const began = performance.now()
    const found = await hunt(plant, tries)
    assert.match(found, plant.found)
    t.diagnostic(`${/seed \d+/.exec(found)?.[0]}, after ${Math.round((performance.now() - began) / 1000)} s`)
  })
}

/** What the runs say of a bug. When it has upset something else first, they begin anew with the next seed. */
async function hunt(plant: Plant, tries: number): Promise<string> {
  let seeds = Array.from({ length: tries }, (_, nth) => plant.seed + nth)
  let said = "nothing was found"
  while (seeds.length > 0) {
    const ended = await campaign({ type: plant.store, seeds, say: () => {}, env: planted(plant) }).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (ended === undefined) return said
    said = ended
    if (plant.found.test(said)) return said
    const upset = seeds.indexOf(Number(/seed (\d+)/.exec(said)?.[1]))
    seeds = seeds.slice(Math.max(upset, 0) + 1)
  }
  return said
}

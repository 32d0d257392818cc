import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { compareKeys } from "./key.ts"
import { keysFrom, lookup, type Ordered, updated } from "./ordered.ts"

const text = fc.string({ unit: "binary" }).filter(one => one.isWellFormed())

test("keys are ordered as their UTF-8 bytes are", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})

test("after random updates the map holds what a Map holds, in order, and older states are as they were", () => {
  const write = fc.tuple(
    fc.nat({ max: 3000 }).map(at => `k${(at * 7919) % 3001}`),
    fc.option(fc.nat(), { nil: undefined, freq: 4 }),
  )
  fc.assert(
    fc.property(fc.array(fc.array(write, { maxLength: 900, size: "max" }), { maxLength: 6 }), batches => {
      let ordered: Ordered<number> = []
      const model = new Map<string, number>()
      for (const batch of batches) {
        const [before, keysBefore] = [ordered, [...keysFrom(ordered, "")]]
        ordered = updated(ordered, batch)
        for (const [key, value] of batch) {
          if (value === undefined) model.delete(key)
          else model.set(key, value)
        }
        assert.deepEqual([...keysFrom(before, "")], keysBefore)
      }
      const sorted = [...model.keys()].sort(compareKeys)
      assert.deepEqual([...keysFrom(ordered, "")], sorted)
      const from = sorted.findIndex(key => key >= "k2")
      assert.deepEqual([...keysFrom(ordered, "k2")], from < 0 ? [] : sorted.slice(from))
      for (const [key, value] of model) assert.equal(lookup(ordered, key), value)
      assert.equal(lookup(ordered, "absent"), undefined)
    }),
    { numRuns: 30 },
  )
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { bytes, text, write } from "./conformance-steps.ts"
import { memoryStorage } from "./memory.ts"
import { transformStorage } from "./transform.ts"
import type { Storage, View } from "./view.ts"

/** Adds up two entries, and counts how often it was asked to. */
function counting() {
  const asked = { times: 0 }
  const sum = async (view: View, names: string): Promise<string> => {
    asked.times++
    const parts = await Promise.all(names.split(" ").map(name => view.cached(name, text)))
    return parts.join("+")
  }
  return { asked, sum }
}

const identity = { seal: (_: string, plain: Uint8Array) => plain, open: (_: string, sealed: Uint8Array) => sealed }

const stores: readonly (readonly [string, () => Storage])[] = [
  ["a store", () => memoryStorage()],
  ["a transformed store", () => transformStorage(memoryStorage(), identity)],
]

for (const [name, open] of stores) {
  test(`${name} derives once for each state and name`, async () => {
    const storage = open()
    const { asked, sum } = counting()
    const derive = async (names: string) => {
      using view = storage.view()
      return await view.derived(sum, names)
    }
    await write(storage, { a: "1", b: "2" })
    assert.deepEqual([await derive("a b"), await derive("a b"), asked.times], ["1+2", "1+2", 1])
    assert.deepEqual([await derive("b a"), asked.times], ["2+1", 2])
    await write(storage, { b: "3" })
    assert.deepEqual([await derive("a b"), asked.times], ["1+3", 3])
  })

  test(`${name} counts what was read for a derived value as read by each view that uses it`, async () => {
    const storage = open()
    const { asked, sum } = counting()
    const outer = async (view: View, names: string) => `(${await view.derived(sum, names)})`
    await write(storage, { a: "1" })
    for (let use = 1; use <= 2; use++) {
      const view = storage.view()
      assert.equal(await view.derived(outer, "a missing"), `(${use}+)`)
      view.put("c", bytes("x"))
      await write(storage, { a: String(use + 1) })
      await assert.rejects(storage.commit(view), { name: "Conflict" })
    }
    const absent = storage.view()
    const remembered = storage.view()
    await absent.derived(outer, "a missing")
    await remembered.derived(outer, "a missing")
    assert.equal(asked.times, 3)
    remembered.put("c", bytes("x"))
    await write(storage, { missing: "there" })
    await assert.rejects(storage.commit(remembered), { name: "Conflict" })
    absent[Symbol.dispose]()
  })

  test(`${name} derives anew for a view that has written, and remembers nothing of it`, async () => {
    const storage = open()
    const { sum } = counting()
    await write(storage, { a: "1" })
    const view = storage.view()
    view.put("a", bytes("own"))
    assert.equal(await view.derived(sum, "a"), "own")
    view[Symbol.dispose]()
    using other = storage.view()
    assert.equal(await other.derived(sum, "a"), "1")
  })

  test(`${name} remembers nothing of a derivation that threw`, async () => {
    const storage = open()
    await write(storage, { a: "1" })
    let failing = true
    const fragile = async (view: View, key: string) => {
      if (failing) throw new Error("not now")
      return await view.cached(key, text)
    }
    using view = storage.view()
    await assert.rejects(async () => view.derived(fragile, "a"), /not now/)
    failing = false
    assert.equal(await view.derived(fragile, "a"), "1")
  })
}

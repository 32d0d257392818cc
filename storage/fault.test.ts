import assert from "node:assert/strict"
import { test } from "node:test"
import { systemClock } from "./clock.ts"
import { testStorage } from "./conformance.ts"
import { write } from "./conformance-steps.ts"
import { type Fault, type FaultOptions, faultyStorage } from "./fault.ts"
import { memoryStorage } from "./memory.ts"
import type { Storage } from "./view.ts"

const faulty = (options: Omit<FaultOptions, "clock">, storage: Storage = memoryStorage()): Storage =>
  faultyStorage(storage, { clock: systemClock, ...options })

/** The outcome of `count` commits, by the names of their errors. */
async function outcomes(storage: Storage, count: number): Promise<string[]> {
  const names: string[] = []
  for (let nth = 1; nth <= count; nth++) {
    names.push(await write(storage, { [`k${nth}`]: "1" }).then(String, error => error.name))
  }
  return names
}

testStorage("faulty, without faults", async (_, remembered) =>
  faulty({ seed: 1 }, memoryStorage(remembered === undefined ? {} : { remembered })),
)

test("scheduled faults befall exactly the commits they name", async () => {
  const at = new Map<number, Fault>([
    [2, "conflict"],
    [3, "lost"],
    [4, "unavailable"],
    [6, "failed"],
  ])
  const inside = memoryStorage()
  const storage = faulty({ seed: 1, at }, inside)
  const expected = ["1", "Conflict", "StorageUnavailable", "StorageUnavailable", "3", "StorageFailed", "StorageFailed"]
  assert.deepEqual(await outcomes(storage, 7), expected)
  using view = inside.view()
  assert.deepEqual(await view.keys(""), ["k1", "k3", "k5"])
})

test("equal seeds give equal faults, about as many as their chance says", async () => {
  const run = (seed: number) => outcomes(faulty({ seed, chance: { conflict: 0.3, unavailable: 0.1 } }), 500)
  const first = await run(7)
  assert.deepEqual(await run(7), first)
  assert.notDeepEqual(await run(8), first)
  const conflicts = first.filter(name => name === "Conflict").length
  assert.ok(conflicts > 110 && conflicts < 190, String(conflicts))
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import { memoryStorage } from "@arca/storage"
import { gathering } from "./gathering.ts"

const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString()

test("whoever asks in one turn gets one moment, which shows what was committed before it was taken", async () => {
  const storage = memoryStorage()
  const together = gathering(storage)
  const asked = [together(), together()]
  using write = storage.view()
  write.put("a", Buffer.from("1"))
  await storage.commit(write)
  const [first, second] = await Promise.all(asked)
  assert.equal(first, second)
  using view = (await together()).view()
  assert.equal(text(await view.get("a")), "1")
  assert.notEqual(await together(), first)
})

test("a moment is over when all who waited for it have opened their views, and not before", async () => {
  const storage = memoryStorage()
  const steps: string[] = []
  const watched = {
    moment: () => {
      const moment = storage.moment()
      return { view: moment.view, [Symbol.dispose]: () => void steps.push("over") }
    },
  }
  const together = gathering(watched)
  const ask = async (name: string): Promise<void> => {
    using _view = (await together()).view()
    steps.push(name)
  }
  await Promise.all([ask("one"), ask("two"), ask("three")])
  await turn()
  assert.deepEqual(steps, ["one", "two", "three", "over"])
})

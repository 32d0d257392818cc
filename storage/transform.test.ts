import assert from "node:assert/strict"
import { test } from "node:test"
import { bytes, text, write } from "./conformance-steps.ts"
import { Memo } from "./memo.ts"
import { memoryStorage } from "./memory.ts"
import { type Codec, transformStorage } from "./transform.ts"

/** Notes each key it is asked about. */
function noting(): { codec: Codec; sealed: string[]; opened: string[] } {
  const [sealed, opened]: [string[], string[]] = [[], []]
  const turn = (noted: string[]) => (key: string, value: Uint8Array) => {
    noted.push(key)
    return value.map(byte => byte ^ 0xff)
  }
  return { codec: { seal: turn(sealed), open: turn(opened) }, sealed, opened }
}

test("values are sealed and opened with their absolute key, also through scopes", async () => {
  const inside = memoryStorage()
  const { codec, sealed, opened } = noting()
  const storage = transformStorage(inside, codec)
  const view = storage.view()
  view.scope("m/").scope("x/").put("a", bytes("1"))
  await storage.commit(view)
  using after = storage.view()
  assert.equal(text(await after.scope("m/").scope("x/").get("a")), "1")
  assert.deepEqual([sealed, opened], [["m/x/a"], ["m/x/a"]])
  using raw = inside.view()
  assert.deepEqual(
    await raw.get("m/x/a"),
    bytes("1").map(byte => byte ^ 0xff),
  )
})

test("a cached value is opened and decoded once, until it changes or the memo is cleared", async () => {
  const { codec, opened } = noting()
  const memo = new Memo()
  const storage = transformStorage(memoryStorage(), codec, memo)
  const cached = async () => {
    using view = storage.view()
    return await view.scope("m/").cached("a", text)
  }
  await write(storage, { "m/a": "1" })
  assert.deepEqual([await cached(), await cached(), opened.length], ["1", "1", 1])
  await write(storage, { "m/a": "2" })
  assert.deepEqual([await cached(), await cached(), opened.length], ["2", "2", 2])
  memo.clear()
  assert.deepEqual([await cached(), opened.length], ["2", 3])
})

test("a cached value is part of the read set although it was not read again", async () => {
  const storage = transformStorage(memoryStorage(), noting().codec)
  await write(storage, { a: "1" })
  using warm = storage.view()
  await warm.cached("a", text)
  const view = storage.view()
  await view.cached("a", text)
  view.put("b", bytes("1"))
  await write(storage, { a: "2" })
  await assert.rejects(storage.commit(view), { name: "Conflict" })
})

test("what the codec throws reaches the reader, and a value that cannot be sealed is not written", async () => {
  const refuse = () => {
    throw new Error("sealed")
  }
  const inside = memoryStorage()
  const storage = transformStorage(inside, { seal: refuse, open: refuse })
  await write(inside, { a: "1" })
  using view = storage.view()
  await assert.rejects(view.get("a"), /sealed/)
  await assert.rejects(async () => view.cached("a", text), /sealed/)
  assert.throws(() => view.put("b", bytes("1")), /sealed/)
  assert.deepEqual(await view.list(""), ["a"])
})

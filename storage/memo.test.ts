import assert from "node:assert/strict"
import { test } from "node:test"
import { Memo } from "./memo.ts"

const decode = (value: Uint8Array) => value.length
const other = (value: Uint8Array) => String(value.length)

test("a decoded value is found by its key and its decoder", () => {
  const memo = new Memo()
  memo.keep("a", decode, 3, 10, 10)
  memo.keep("a", other, 3, 10, "10")
  memo.keep("b", decode, 4, 20, 20)
  assert.equal(memo.find("a", decode)?.decoded, 10)
  assert.equal(memo.find("a", other)?.decoded, "10")
  assert.equal(memo.find("b", decode)?.version, 4)
  assert.equal(memo.find("b", other), undefined)
})

test("what an older snapshot decodes does not replace what a newer one did", () => {
  const memo = new Memo()
  memo.keep("a", decode, 5, 10, 50)
  memo.keep("a", decode, 4, 10, 40)
  assert.equal(memo.find("a", decode)?.decoded, 50)
  memo.keep("a", decode, 6, 10, 60)
  assert.equal(memo.find("a", decode)?.decoded, 60)
})

test("it holds no more entries than its limit, and keeps what is asked for", () => {
  const memo = new Memo({ entries: 100 })
  memo.keep("wanted", decode, 1, 10, 1)
  for (let at = 0; at < 1000; at++) {
    memo.keep(`k${at}`, decode, 1, 10, at)
    assert.equal(memo.find("wanted", decode)?.decoded, 1)
  }
  const kept = Array.from({ length: 1000 }, (_, at) => memo.find(`k${at}`, decode)).filter(Boolean)
  assert.ok(kept.length > 0 && kept.length <= 100, String(kept.length))
})

test("it holds no more bytes than its limit, and nothing that alone is a large part of it", () => {
  const memo = new Memo({ bytes: 16_000 })
  memo.keep("large", decode, 1, 4000, 1)
  assert.equal(memo.find("large", decode), undefined)
  for (let at = 0; at < 100; at++) memo.keep(`k${at}`, decode, 1, 1000, at)
  const kept = Array.from({ length: 100 }, (_, at) => memo.find(`k${at}`, decode)).filter(Boolean)
  assert.ok(kept.length > 4 && kept.length <= 17, String(kept.length))
})

test("clearing it forgets everything", () => {
  const memo = new Memo()
  memo.keep("a", decode, 1, 10, 1)
  memo.clear()
  assert.equal(memo.find("a", decode), undefined)
})

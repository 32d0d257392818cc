import assert from "node:assert/strict"
import { test } from "node:test"
import { isRawNumber, JsonRefused, parseJson } from "./json.ts"

test("a number keeps its text, whatever a double would make of it", () => {
  for (const number of [
    "9007199254740993",
    "1.0",
    "1e400",
    "-0",
    "0.1e1",
    "12",
    "-7",
    "0.5",
    "123456789012345678901234567890",
  ]) {
    for (const text of [`{"a":${number}}`, `[${number}]`, `{"a":[1,${number}]}`, `{"a": ${number} ,"b":2}`]) {
      assert.equal(JSON.stringify(parseJson(text)), text.replaceAll(" ", ""))
    }
  }
})

test("ordinary numbers stay numbers", () => {
  assert.deepEqual(parseJson('{"a":1,"b":0.5,"c":-3}'), { a: 1, b: 0.5, c: -3 })
  assert.ok(isRawNumber((parseJson('{"a":1.0}') as { a: unknown }).a))
})

test("what is no JSON is refused without quoting it", () => {
  for (const text of ['{"password":"s3cret",', '{"password": s3cret}', "\u0000", "[1]x", '{"a":1}{"b":2}']) {
    assert.throws(
      () => parseJson(text),
      error => error instanceof JsonRefused && !error.message.includes("s3cret"),
    )
  }
  assert.throws(() => parseJson(new Uint8Array([0x22, 0xff, 0x22])), /not UTF-8/)
})

test("nesting without end is refused before it is parsed", () => {
  assert.throws(() => parseJson("[".repeat(100_000) + "]".repeat(100_000)), /high complexity/)
  assert.doesNotThrow(() => parseJson(`{"a":"${"[".repeat(100_000)}"}`))
})

test("names that JavaScript knows are names like any other", () => {
  const parsed = parseJson('{"__proto__":{"x":1},"constructor":2}')
  assert.equal(JSON.stringify(parsed), '{"__proto__":{"x":1},"constructor":2}')
  assert.equal(({} as { x?: unknown }).x, undefined)
})

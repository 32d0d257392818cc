import assert from "node:assert/strict"
import { test } from "node:test"
import {
  attribute,
  blocks,
  checkKeys,
  HclError,
  type HclItem,
  nearest,
  parseHcl,
  plainObject,
  readBool,
  readInteger,
  readString,
  readStrings,
} from "./index.ts"

const labelsOf = (text: string) => blocks(parseHcl(text), "path", 1).map(block => block.labels[0])

const item = (text: string): HclItem => attribute(parseHcl(text), "a") ?? assert.fail(`${text} sets no a`)

test("all spellings of labelled blocks are one", () => {
  assert.deepEqual(labelsOf('path "x" {}\npath "y" {}'), ["x", "y"])
  assert.deepEqual(labelsOf('path = { "x" = {} "y" {} }'), ["x", "y"])
  assert.deepEqual(labelsOf('{"path": {"x": {}, "y": {}}}'), ["x", "y"])
  assert.deepEqual(labelsOf('{"path": [{"x": {}}, {"y": {}}]}'), ["x", "y"])
  assert.deepEqual(labelsOf('{"path": {"x": [{}, {}]}}'), ["x", "x"])
  assert.deepEqual(labelsOf('{"path": {"__proto__": {}, "constructor": {}}}'), ["__proto__", "constructor"])
})

test("a block without labels is found with its body", () => {
  const [ui] = blocks(parseHcl("telemetry {\n  a = 1\n}"), "telemetry")
  assert.deepEqual(ui && plainObject(ui.body), new Map([["a", 1]]))
})

test("a wrong number of labels is an error in its line", () => {
  assert.throws(() => labelsOf('\npath "x" "y" {}'), /"path" has 2 labels, expected 1 at line 2, column 1/)
  assert.throws(() => labelsOf('path "x" = 1'), HclError)
  assert.throws(() => labelsOf("path = 3"), /"path" needs a block in braces, found 3 at line 1/)
})

test("an unknown key is refused with its line and the word that was meant", () => {
  const file = parseHcl("\ncapabilites = []")
  assert.throws(
    () => checkKeys(file, ["capabilities", "policy"], 'path "x"'),
    /Unknown key "capabilites" in path "x", did you mean "capabilities"\? at line 2, column 1/,
  )
})

test("values read as the type that is asked for, as hashicorp/hcl coerces them", () => {
  assert.equal(readString(item("a = 0x10")), "0x10")
  assert.equal(readString(item("a = true")), "true")
  assert.equal(readInteger(item('a = "42"')), 42)
  assert.equal(readBool(item('a = "TRUE"')), true)
  assert.equal(readBool(item("a = 0")), false)
  assert.deepEqual(readStrings(item('a = ["x", 1]')), ["x", "1"])
})

test("values of another type are refused by name", () => {
  assert.throws(() => readStrings(item('a = "x"')), /"a" needs a list of strings, found a string at line 1, column 5/)
  assert.throws(() => readInteger(item("a = 1.5")), /"a" needs a whole number, found 1.5/)
  assert.throws(() => readBool(item("a = []")), /"a" needs true or false, found a list/)
  assert.throws(() => readString(item("a = {}")), /"a" needs a string, found a block/)
})

test("blocks of one name merge into one Map, labels nest", () => {
  const object = plainObject(parseHcl('a { x = 1 }\na { y = 2 }\nb "c" { d = "e" }'))
  assert.deepEqual(
    object,
    new Map<string, unknown>([
      [
        "a",
        new Map([
          ["x", 1],
          ["y", 2],
        ]),
      ],
      ["b", new Map([["c", new Map([["d", "e"]])]])],
    ]),
  )
})

test("near misses are found, and far ones are not", () => {
  assert.equal(nearest("raed", ["read", "list"]), "read")
  assert.equal(nearest("capability", ["capabilities", "comment"]), "capabilities")
  assert.equal(nearest("xyz", ["read", "list"]), undefined)
})

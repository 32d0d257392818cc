import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import {
  type Fields,
  field,
  type Json,
  type JsonObject,
  matcher,
  Refusal,
  type Route,
  readInput,
  route,
} from "./index.ts"

const nothing = () => undefined

test("the types of a handler's input are those of the fields", () => {
  route("roles/:name", {
    summary: "Compiles, or the line above it says why not.",
    fields: {
      ttl: field.duration("Seconds.", { default: 0 }),
      note: field.string("Words."),
      count: field.int("How many.", { required: true }),
      tags: field.commaList("Tags.", { default: [] }),
    },
    write: ({ name, ttl, note, count, tags }) => {
      const all: [string, number, string | undefined, number, string[]] = [name, ttl, note, count, tags]
      // @ts-expect-error what has no default may be missing
      const text: string = note
      // @ts-expect-error a duration is a number of seconds
      const duration: string = ttl
      return { data: { all: all.length, text, duration } }
    },
    // @ts-expect-error `reader` is no field and no parameter of the path
    read: ({ reader }) => ({ data: { reader } }),
  })
  // @ts-expect-error a path is described in a sentence
  route("roles", { list: nothing })
  // @ts-expect-error a default is of the field's own kind
  field.int("How many.", { default: "three" })
})

const paths = (routes: readonly Route[]) => {
  const find = matcher(routes)
  return (path: string) => {
    const found = find(path)
    return found && [found.route.paths[0], { ...found.params }]
  }
}

test("a path leads to the first route that fits it, literal first segments before parameters", () => {
  const find = paths([
    route(":anything", { summary: "", read: nothing }),
    route("keys/:name", { summary: "", read: nothing }),
    route("keys/:name/config", { summary: "", read: nothing }),
    route("data/*path", { summary: "", read: nothing }),
    route("files/*path", { summary: "", fields: { path: field.string("", { pattern: ".*[^/]" }) }, read: nothing }),
    route("sized/:bytes", { summary: "", fields: { bytes: field.string("", { pattern: "\\d+" }) }, read: nothing }),
  ])
  assert.deepEqual(find("keys/a"), ["keys/:name", { name: "a" }])
  assert.deepEqual(find("keys/a/config"), ["keys/:name/config", { name: "a" }])
  assert.deepEqual(find("data/a/b/c"), ["data/*path", { path: "a/b/c" }])
  assert.deepEqual(find("files/a/b"), ["files/*path", { path: "a/b" }])
  assert.deepEqual(find("sized/12"), ["sized/:bytes", { bytes: "12" }])
  assert.deepEqual(find("other"), [":anything", { anything: "other" }])
  for (const path of ["files/a/", "sized/many", "keys/a b", "keys/..", "nothing/here", ""]) {
    assert.equal(find(path), undefined, path)
  }
  assert.deepEqual(find("keys/a/"), ["keys/:name", { name: "a" }])
})

test("parameters that nobody declared are named, and those of the path win", () => {
  const find = matcher([
    route("keys/:name", { summary: "", fields: { ttl: field.duration("", { alias: ["lease"] }) }, write: nothing }),
  ])
  const match = find("keys/a")
  assert.ok(match !== undefined)
  const { input, warnings } = readInput(match, { name: "b", lease: "1m", typo: 1, other: 2 })
  assert.deepEqual(input, { name: "a", ttl: 60 })
  assert.deepEqual(warnings, [
    "Endpoint ignored these unrecognized parameters: [other typo]",
    "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [name]",
  ])
})

test("whatever is sent, reading it answers values or a refusal of the caller's mistake", () => {
  const kinds = {
    ...{ string: field.string(""), name: field.name(""), nameWithAt: field.nameWithAt(""), any: field.any("") },
    ...{ lowerCase: field.lowerCase(""), int: field.int(""), bool: field.bool(""), float: field.float("") },
    ...{ duration: field.duration(""), signedDuration: field.signedDuration(""), time: field.time("") },
    ...{ commaList: field.commaList(""), stringList: field.stringList(""), intList: field.intList("") },
    ...{ map: field.map(""), pairs: field.pairs(""), header: field.header(""), bytes: field.bytes("") },
    ...{ networks: field.networks(""), addresses: field.addresses("") },
  } satisfies Fields
  assert.deepEqual(Object.keys(field).sort(), Object.keys(kinds).sort())
  const find = matcher([route("all", { summary: "", fields: kinds, write: nothing })])
  const match = find("all")
  assert.ok(match !== undefined)
  const body = fc.dictionary(fc.constantFrom(...Object.keys(kinds)), fc.jsonValue())
  fc.assert(
    fc.property(body, sent => {
      try {
        readInput(match, sent as JsonObject)
      } catch (error) {
        assert.ok(error instanceof Refusal && error.status === 400, String(error))
      }
    }),
  )
})

test("items of lists lose the blanks around them, and those of lists of strings are kept when nothing is left", () => {
  const fields = { texts: field.stringList(""), words: field.commaList(""), at: field.time("") }
  const declared = route("a", { summary: "", fields, write: nothing })
  const read = (body: JsonObject) => readInput({ route: declared, params: {} }, body).input
  const lists = read({ texts: [" a, b ", "", "c"], words: [" a ", ""], at: 1767225620.25 })
  assert.deepEqual(lists, { texts: ["a, b", "", "c"], words: ["a"], at: 1767225620.25 })
  assert.deepEqual(read({ texts: " a;b\n" }).texts, ["a;b"])
})

test("values are read as Vault reads them", () => {
  const kinds = {
    int: field.int(""),
    bool: field.bool(""),
    ints: field.intList(""),
    map: field.map(""),
    list: field.commaList(""),
    strings: field.stringList(""),
    duration: field.duration(""),
  }
  const declared = route("a", { summary: "", fields: kinds, write: nothing })
  const read = (name: string, value: Json): unknown => {
    try {
      return readInput({ route: declared, params: {} }, { [name]: value }).input[name]
    } catch (error) {
      return error instanceof Refusal ? "refused" : error
    }
  }
  const refused = "refused"
  for (const [name, cases] of [
    [
      "int",
      [
        ["12", 12],
        ["-3", -3],
        ["+3", 3],
        ["0x1f", 31],
        ["0b11", 3],
        ["0o17", 15],
        ["017", 15],
        ["08", refused],
        [" 1", refused],
        ["1.0", refused],
        ["1e3", refused],
        ["-0", 0],
        ["", 0],
        [null, 0],
        [true, 1],
        [1.5, refused],
      ],
    ],
    [
      "bool",
      [
        [1, true],
        [0, false],
        [2, refused],
        [-1, refused],
        ["T", true],
        ["", false],
        [null, false],
      ],
    ],
    [
      "ints",
      [
        ["1,2", [1, 2]],
        ["1, 2", refused],
        [
          [null, "3"],
          [0, 3],
        ],
        [{}, []],
        [{ a: 1 }, refused],
        ["", []],
        [7, [7]],
      ],
    ],
    [
      "list",
      [
        [
          [null, " a", 1],
          ["a", "1"],
        ],
        [{}, []],
        [{ a: 1 }, refused],
        [[{}], refused],
      ],
    ],
    [
      "strings",
      [
        [
          [null, " a"],
          ["", "a"],
        ],
        [{}, []],
        [[["a"]], refused],
      ],
    ],
    [
      "map",
      [
        [[], {}],
        [[{ a: 1 }, { b: 2, a: 3 }], { a: 3, b: 2 }],
        [[null], {}],
        [["a"], refused],
        ["", refused],
        [null, {}],
      ],
    ],
    [
      "duration",
      [
        ["1.5h", 5400],
        [1.5, refused],
        ["1.5", refused],
        [" 5", refused],
        ["-1s", refused],
        ["", 0],
        [null, undefined],
      ],
    ],
  ] as [string, [Json, unknown][]][]) {
    for (const [value, expected] of cases) {
      assert.deepEqual(read(name, value), expected, `${name} ${JSON.stringify(value)}`)
    }
  }
})

import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { dataOf, queryOf } from "./data.ts"
import { globals } from "./global-flags.ts"
import type { Io } from "./io.ts"

let folder = ""
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "arca-data-"))
})
after(() => rm(folder, { recursive: true }))

const flags = globals(new Map(), () => undefined)
const withStdin = (text: string): Io => {
  const silent = { isTerminal: false, write: () => {} }
  return {
    env: {},
    program: "arca",
    home: folder,
    hostname: "test",
    stdout: silent,
    stderr: silent,
    stdin: { isTerminal: false, text: async () => text, secretLine: () => Promise.reject(new Error("no terminal")) },
    interrupted: new AbortController().signal,
  }
}
const data = (words: string[], stdin = "") => dataOf(words, withStdin(stdin), flags)

test("a value is the text after the first equals sign; a repeated key makes a list", async () => {
  assert.deepEqual(await data(["a=1", "b=x=y", "c=", "d=1", "d=2", "d=3"]), {
    a: "1",
    b: "x=y",
    c: "",
    d: ["1", "2", "3"],
  })
})

test("a value comes from a file with @, and \\@ is a plain at sign", async () => {
  const file = join(folder, "value")
  await writeFile(file, "from a file\n")
  assert.deepEqual(await data([`a=@${file}`, "b=\\@home"]), { a: "from a file\n", b: "@home" })
})

test("a lone @file or - is a JSON object, whose numbers and nulls stay what they are", async () => {
  const file = join(folder, "object.json")
  await writeFile(file, '{"a":{"b":[1,null]}}')
  assert.deepEqual(await data([`@${file}`, "c=x"]), { a: { b: [1, null] }, c: "x" })
  assert.deepEqual(await data(["-"], '{"a":true}'), { a: true })
  assert.deepEqual(await data(["a=-"], "typed"), { a: "typed" })
})

test("mistakes are named with the word they stand in", async () => {
  await assert.rejects(
    data(["novalue"]),
    /Failed to parse K=V data: invalid key\/value pair "novalue": format must be key=value/,
  )
  await assert.rejects(
    data(["a=@/does/not/exist"]),
    /error reading file: open \/does\/not\/exist: no such file or directory/,
  )
  await assert.rejects(data(["a=-", "b=-"], "x"), /stdin already consumed/)
  await assert.rejects(data(["-"], "[1]"), /the data must be a JSON object/)
  await assert.rejects(data(["-"], "{"), /invalid key\/value pair "-"/)
})

test("a key named __proto__ is a key like any other", async () => {
  const found = await data(["__proto__=x", "a=1"])
  assert.deepEqual(Object.entries(found), [
    ["__proto__", "x"],
    ["a", "1"],
  ])
})

test("queries hold strings only", async () => {
  assert.deepEqual(await queryOf(["-"], withStdin('{"a":1,"b":[true,"x"]}'), flags), { a: "1", b: ["true", "x"] })
})

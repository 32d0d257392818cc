import assert from "node:assert/strict"
import { test } from "node:test"
import { parseJson } from "@arca/api/json"
import { parseSecret, type Secret } from "@arca/sdk"
import { fieldValue, goQuoted, goValue, shortDuration } from "./go.ts"
import { goJson } from "./json.ts"
import { secretField, secretJson, secretRows } from "./secret.ts"
import { columns, heading, inert, table, tableWidth, wrap } from "./table.ts"
import { yamlText } from "./yaml.ts"

const secret = (text: string): Secret => parseSecret(text) ?? assert.fail("no secret")

test("a table has a dashed header, four spaces between columns and n/a for nothing", () => {
  const text = table(
    ["Path", "Description"],
    [
      ["secret/", "key/value"],
      ["sys/", ""],
    ],
  )
  assert.equal(text, "Path       Description\n----       -----------\nsecret/    key/value\nsys/       n/a")
})

test("columns are as wide as their characters, not their bytes", () => {
  assert.equal(
    columns([
      ["é🔑", "x"],
      ["abc", "y"],
    ]),
    "é🔑     x\nabc    y",
  )
})

test("control characters of a value move no cursor", () => {
  assert.equal(columns([["a", "\u001b[31mred\u001b[0m\r\u009b2J"]]), "a    \\x1b[31mred\\x1b[0m\\x0d\\x9b2J")
  assert.equal(inert("line\n\ttab"), "line\n\ttab")
})

test("a heading is as wide as its table, with two signs on each side when that is too narrow", () => {
  assert.equal(heading("Metadata", tableWidth({ custom_metadata: null })), "======= Metadata =======")
  assert.equal(heading("Data", tableWidth({ x: 1 })), "== Data ==")
  assert.equal(heading("Secret Path", "secret/data/a".length), "== Secret Path ==")
  assert.equal(heading("Secret Path", 3), "== Secret Path ==")
  assert.equal(heading("Version 1", tableWidth({ deletion_time: "" })), "====== Version 1 ======")
})

test("values print as Go prints them", () => {
  const cases: [string, string][] = [
    ["null", "<nil>"],
    ["true", "true"],
    ['"text"', "text"],
    ['["a","b"]', "[a b]"],
    ['{"b":[1,{"c":null}],"a":"x"}', "map[a:x b:[1 map[c:<nil>]]]"],
    ["[]", "[]"],
    ["{}", "map[]"],
  ]
  for (const [json, text] of cases) assert.equal(goValue(parseJson(json)), text, json)
  assert.equal(goQuoted(["root", 'a"b']), '["root" "a\\"b"]')
  assert.equal(goQuoted(null), "[]")
})

test("durations lose their idle zeros", () => {
  const cases: [number, string][] = [
    [0, "0s"],
    [5, "5s"],
    [60, "1m"],
    [90, "1m30s"],
    [3600, "1h"],
    [5400, "1h30m"],
    [3605, "1h5s"],
    [2764800, "768h"],
  ]
  for (const [seconds, text] of cases) assert.equal(shortDuration(seconds), text)
})

test("fields named like durations print as such, others do not", () => {
  for (const name of ["ttl", "token_ttl", "period", "token_period", "lease_duration", "lease_max"])
    assert.equal(fieldValue(name, 3600), "1h", name)
  for (const name of ["ttls", "periodic", "count"]) assert.equal(fieldValue(name, 3600), "3600", name)
  assert.equal(fieldValue("ttl", "soon"), "soon")
})

const login = secret(
  `{"auth":{"client_token":"hvs.x","accessor":"a","policies":["default"],"token_policies":["default"],"identity_policies":null,
    "metadata":{"username":"sally"},"lease_duration":0,"renewable":true}}`,
)

test("a login's rows come in Vault's order, with ∞ for a token without end", () => {
  assert.deepEqual(secretRows(login), [
    ["token", "hvs.x"],
    ["token_accessor", "a"],
    ["token_duration", "∞"],
    ["token_renewable", "true"],
    ["token_policies", '["default"]'],
    ["identity_policies", "[]"],
    ["policies", '["default"]'],
    ["token_meta_username", "sally"],
  ])
})

test("a lease stands before the data; without an id it is a hint when to read again", () => {
  const leased = '{"lease_id":"db/1","lease_duration":3600,"renewable":true,"data":{"password":"p","username":"u"}}'
  assert.deepEqual(
    secretRows(secret(leased)).map(([key, value]) => `${key} ${value}`),
    ["lease_id db/1", "lease_duration 1h", "lease_renewable true", "password p", "username u"],
  )
  assert.deepEqual(secretRows(secret('{"lease_duration":60,"data":null}')), [["refresh_interval", "1m"]])
})

test("a wrapped reply shows its token and prints its time as Go does", () => {
  const wrapped = secret(
    '{"wrap_info":{"token":"hvs.w","accessor":"a","ttl":300,"creation_time":"2026-11-24T02:22:41.39Z","creation_path":"secret/data/a"}}',
  )
  assert.deepEqual(secretRows(wrapped), [
    ["wrapping_token:", "hvs.w"],
    ["wrapping_accessor:", "a"],
    ["wrapping_token_ttl:", "5m"],
    ["wrapping_token_creation_time:", "2026-11-24 02:22:41.39 +0000 UTC"],
    ["wrapping_token_creation_path:", "secret/data/a"],
  ])
  assert.equal(secretField(wrapped, "wrapping_token"), "hvs.w")
})

test("a field is looked for in the token's part, then in the data, never in what all objects have", () => {
  assert.equal(secretField(login, "token"), "hvs.x")
  const plain = secret('{"request_id":"r","data":{"token":"t","data":{"a":1}}}')
  assert.equal(secretField(plain, "token"), "t")
  assert.equal(secretField(plain, "request_id"), "r")
  assert.deepEqual(secretField(plain, "data"), { a: 1 })
  assert.equal(secretField(plain, "constructor"), undefined)
})

test("JSON keeps the envelope's order, sorts the data and escapes as Go does", () => {
  const text = goJson(secretJson(secret('{"data":{"b":"<&>","a":[{"d":1,"c":2}]},"request_id":"r"}')))
  assert.equal(
    text,
    `{
  "request_id": "r",
  "lease_id": "",
  "lease_duration": 0,
  "renewable": false,
  "data": {
    "a": [
      {
        "c": 2,
        "d": 1
      }
    ],
    "b": "\\u003c\\u0026\\u003e"
  },
  "warnings": null
}`,
  )
})

test("YAML sorts keys and quotes what could be taken for something else", () => {
  const value = {
    b: "yes",
    a: "12",
    time: "2026-11-24T02:22:41Z",
    none: "null",
    text: "plain",
    colon: "a: b",
    lines: "one\ntwo",
    flag: true,
  }
  assert.equal(
    yamlText(value),
    `a: "12"
b: "yes"
colon: 'a: b'
flag: true
lines: |-
  one
  two
none: "null"
text: plain
time: "2026-11-24T02:22:41Z"`,
  )
})

test("text is broken at spaces to fit the terminal", () => {
  const wrapped = wrap("word ".repeat(40).trim(), 2)
  for (const line of wrapped.split("\n")) assert.ok(line.length <= 80 && line.startsWith("  word"))
  assert.equal(wrapped.replace(/\s+/g, " ").trim(), "word ".repeat(40).trim())
})

import assert from "node:assert/strict"
import { before, test } from "node:test"
import { isJsonObject, type JsonObject } from "@arca/api"
import { Validator } from "@seriousme/openapi-schema-validator"
import { testServer } from "../../server/testing.ts"
import { compare, keyOf, referenceRows, rowsOf } from "../../tools/routes.ts"
import { specification } from "../../tools/specification.ts"
import { golden } from "./golden-file.ts"

let document: JsonObject = {}

before(async () => {
  document = await specification()
})

const entries = (json: unknown): [string, JsonObject][] =>
  Object.entries(isJsonObject(json as JsonObject) ? (json as JsonObject) : {}).flatMap(([name, value]) =>
    isJsonObject(value) ? [[name, value]] : [],
  )

const operations = (): { path: string; item: JsonObject; operation: JsonObject }[] =>
  entries(document.paths).flatMap(([path, item]) =>
    entries(item)
      .filter(([method]) => ["get", "post", "delete", "patch"].includes(method))
      .map(([, operation]) => ({ path, item, operation })),
  )

test("the whole API is the document that was reviewed", () => {
  golden("openapi.json", `${JSON.stringify(document, null, 1)}\n`)
})

test("the document is valid OpenAPI 3.0", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  assert.deepEqual({ valid, errors }, { valid: true, errors: undefined })
})

test("every operation has a name of its own", () => {
  const names = operations().map(({ operation }) => String(operation.operationId))
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)),
    [],
  )
})

test("the parameters of a path are those that its text names", () => {
  for (const { path, item } of operations()) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = Array.isArray(item.parameters) ? item.parameters.map(one => (one as JsonObject).name) : []
    assert.deepEqual(declared.sort(), named.sort(), path)
  }
})

test("what is declared and what the reference lists differ only where it was decided", () => {
  const { same, absent, differences } = compare(rowsOf(document), referenceRows())
  const lines = [...absent.map(row => `absent ${keyOf(row)} ${row.operation}`), ...differences]
  golden("route-differences.txt", `${same} operations of the reference are declared\n${lines.join("\n")}\n`)
})

test("a caller sees the mounts that its policies reach, under the paths they have", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/team", { type: "kv", options: { version: "2" } })
  await vault.write("sys/mounts/other", { type: "kv" })
  await vault.policy("team", `path "team/data/*" { capabilities = ["read"] }`)
  const token = await vault.token(["team"], { no_default_policy: true })
  const { body } = await vault.read("sys/internal/specs/openapi", { token })
  const paths = entries(body.paths).map(([path]) => path)
  assert.ok(paths.includes("/team/data/{path}"))
  assert.ok(paths.every(path => path.startsWith("/team/")))
})

test("without a token only the mounts that are listed for everyone are told", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/staff", { type: "userpass", config: { listing_visibility: "unauth" } })
  const { body } = await vault.read("sys/internal/specs/openapi", { token: "" })
  assert.ok(entries(body.paths).length > 0)
  assert.ok(entries(body.paths).every(([path]) => path.startsWith("/auth/staff/")))
})

test("a context is appended to the name of every operation", async () => {
  const vault = await testServer()
  const { body } = await vault.ask("read", "sys/internal/specs/openapi", { context: "v2" })
  document = body
  assert.ok(operations().every(({ operation }) => String(operation.operationId).endsWith("_v2")))
})

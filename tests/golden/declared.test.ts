/**
 * The recorded replies against the declarations: a reply of a route that declares what it answers holds all of it, unless it is
 * optional, and nothing else.
 */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { before, test } from "node:test"
import { isJsonObject, type Json, type JsonObject, type Operation, verbOf } from "@arca/api"
import { findMount, type MountTable, mountTable } from "../../server/mounts.ts"
import { ROOT } from "../../server/namespaces.ts"
import { undeclared } from "../../server/testing-replies.ts"
import { type TestServer, testServer } from "../../server/testing.ts"
import { groups } from "./requests.ts"

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GET: "read",
  LIST: "list",
  SCAN: "scan",
  POST: "update",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
}

let vault: TestServer
let mounts: MountTable

before(async () => {
  vault = await testServer()
  const kv = (version: string) => ({ type: "kv", options: { version } })
  await vault.write("sys/mounts/kv1", kv("1"))
  await vault.write("sys/mounts/secret", kv("2"))
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("sys/auth/approle", { type: "approle" })
  using view = vault.storage.view()
  mounts = await mountTable(view, ROOT)
})

interface Recorded {
  readonly status: number
  readonly body: Json
}

function replies(group: string): Readonly<Record<string, Recorded>> {
  const recorded = JSON.parse(readFileSync(new URL(`replies/${group}.json`, import.meta.url), "utf8"))
  const own: { replies: Record<string, Recorded> }[] = JSON.parse(
    readFileSync(new URL("overrides.json", import.meta.url), "utf8"),
  )
  const ours = own
    .flatMap(one => Object.entries(one.replies))
    .filter(([name]) => name.startsWith(`${group}/`))
    .map(([name, reply]) => [name.slice(group.length + 1), reply] as const)
  return { ...recorded, ...Object.fromEntries(ours) }
}

for (const [group, requests] of Object.entries(groups)) {
  test(`the replies of ${group} are what their routes declare`, () => {
    const recorded = replies(group)
    const broken: string[] = []
    for (const { name, method, path: asked, headers } of requests) {
      const reply = recorded[name]
      const [path = "", query = ""] = asked.split("?")
      const entry = findMount(mounts, path)
      if (reply === undefined || entry === undefined || reply.status >= 300 || headers?.["X-Vault-Wrap-TTL"]) continue
      const operation = /(^|&)list=true/.test(query) ? "list" : (OPERATIONS[method] ?? "read")
      const route = vault.server.registry.routes(entry)?.(path.slice(entry.path.length))?.route
      const body: JsonObject = isJsonObject(reply.body) ? reply.body : {}
      broken.push(...undeclared(route, verbOf(operation), body).map(text => `${name} (${method} ${asked}): ${text}`))
    }
    assert.deepEqual(broken, [])
  })
}

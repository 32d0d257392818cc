/**
 * What the compiler knows of paths. A line under `@ts-expect-error` that compiled would fail `npm run types`; that the right
 * ones are sent as they stand is run.
 */

import assert from "node:assert/strict"
import { test } from "node:test"
import type { Json } from "@arca/api/json"
import { createClient, type Untyped } from "./index.ts"
import type { WireRequest } from "./wire.ts"

/** A client whose requests are kept, each answered with `data`. */
function kept(data: Json) {
  const sent: { method: string; path: string; body: unknown }[] = []
  const fetch = async (address: string, request: Omit<WireRequest, "url">) => {
    const { pathname, search } = new URL(address)
    const body = typeof request.body === "string" ? JSON.parse(request.body) : undefined
    sent.push({ method: request.method, path: pathname + search, body })
    return new Response(JSON.stringify({ request_id: "1", data }), { status: 200 })
  }
  const client = createClient<{ "secret/": "kv-v2"; "auth/web/": "approle" }>({
    address: "http://vault.test",
    fetch: fetch as never,
  })
  return { client, sent }
}

test("a path of a mount that was named knows what it takes and answers", async () => {
  const { client, sent } = kept({ data: { color: "blue" }, metadata: { version: 2 } })
  const secret = await client.read("secret/data/app", { version: 2 })
  const color: Json | undefined = secret?.data?.data?.color
  assert.equal(color, "blue")
  await client.write("secret/data/app", { data: { color: "red" }, options: { cas: 2 } })
  await client.write("auth/web/role/app", { token_ttl: "20m", token_policies: ["app"], bind_secret_id: true })
  assert.deepEqual(sent, [
    { method: "GET", path: "/v1/secret/data/app?version=2", body: undefined },
    { method: "PUT", path: "/v1/secret/data/app", body: { data: { color: "red" }, options: { cas: 2 } } },
    {
      method: "PUT",
      path: "/v1/auth/web/role/app",
      body: { token_ttl: "20m", token_policies: ["app"], bind_secret_id: true },
    },
  ])
})

test("what a path does not take does not compile", async () => {
  const { client } = kept({})
  // @ts-expect-error a secret is sent as `data`
  await client.write("secret/data/app", { dta: { color: "red" } })
  // @ts-expect-error a version is a number
  await client.read("secret/data/app", { version: "two" })
  // @ts-expect-error the type of tokens is one of a few
  await client.write("auth/web/role/app", { token_type: "eternal" })
  // @ts-expect-error the field is called `policy`
  await client.write("sys/policies/acl/app", { polcy: 'path "a" {}' })
  const secret = await client.read("secret/metadata/app")
  // @ts-expect-error it is current_version
  assert.equal(secret?.data?.currentVersion, undefined)
})

test("names that are only known when the program runs fit parameters of a path", async () => {
  const { client, sent } = kept({ role_id: "a" })
  for (const name of ["app", "web"]) {
    const role = await client.read(`auth/web/role/${name}/role-id`)
    const id: string | undefined = role?.data?.role_id
    assert.equal(id, "a")
  }
  assert.equal(sent[1]?.path, "/v1/auth/web/role/web/role-id")
})

test("what is always there is known without being named, and a longer path is not taken for a shorter one", async () => {
  const client = createClient({ address: "http://vault.test", fetch: (async () => new Response("{}")) as never })
  const self = await client.read("auth/token/lookup-self")
  const ttl: number | undefined = self?.data?.ttl
  const status = await client.read("sys/policies/password/strong/generate")
  const password: string | undefined = status?.data?.password
  assert.deepEqual([ttl, password], [undefined, undefined])
  // @ts-expect-error a password policy itself has no password
  assert.equal((await client.read("sys/policies/password/strong"))?.data?.password, undefined)
})

test("paths of which nothing is known take any object, and the caller may say what they answer", async () => {
  const { client } = kept({ username: "v-app" })
  const credentials = await client.read<{ username: string }>("database/creds/app")
  assert.equal(credentials?.data?.username, "v-app")
  await client.write("transit/keys/orders", { whatever: true })
  const path: string = ["secret", "data", "app"].join("/")
  await client.write(path, { whatever: true })
  const anything = createClient<Untyped>({
    address: "http://vault.test",
    fetch: (async () => new Response("{}")) as never,
  })
  await anything.write("sys/policies/acl/app", { polcy: "" })
})

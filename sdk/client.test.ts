import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { promisify } from "node:util"
import { ApiError, type Client, ConnectionError, createClient, type Settings } from "./index.ts"

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

type Answer = (reply: ServerResponse, request: Seen) => void

const open: Server[] = []
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  reply => {
    reply
      .writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(body === undefined ? "" : JSON.stringify(body))
  }

/** A server that gives one answer after the other, the last one again and again. */
async function answering(
  answers: readonly Answer[],
  at: number | string = 0,
): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, url, headers } = request
    const one = { method, url, headers, body: Buffer.concat(chunks).toString() }
    seen.push(one)
    answers[Math.min(seen.length, answers.length) - 1]?.(reply, one)
  })
  // Like a server that keeps connections for minutes.
  server.keepAliveTimeout = 0
  open.push(server)
  await new Promise<void>(resolve => {
    if (typeof at === "string") server.listen(at, resolve)
    else server.listen(at, "127.0.0.1", resolve)
  })
  const bound = server.address()
  const address =
    typeof bound === "object" && bound !== null ? `http://127.0.0.1:${bound.port}` : `unix://${String(bound)}`
  return { address, seen }
}

async function clientOf(
  answers: readonly Answer[],
  settings: Partial<Settings> = {},
): Promise<{ client: Client; seen: Seen[]; waits: number[] }> {
  const { address, seen } = await answering(answers)
  const waits: number[] = []
  const wait = async (milliseconds: number) => void waits.push(milliseconds)
  return { client: createClient({ address, token: "hvs.test", wait, ...settings }), seen, waits }
}

const secret = (data: unknown) => ({
  request_id: "r",
  lease_id: "",
  renewable: false,
  lease_duration: 0,
  data,
  wrap_info: null,
  warnings: null,
  auth: null,
})
const status = (code: number) => (error: unknown) => error instanceof ApiError && error.status === code

test("a read carries the token and marks itself as a client's request", async () => {
  const { client, seen } = await clientOf([json(200, secret({ a: 1 }))])
  assert.deepEqual((await client.read("secret/data/app"))?.data, { a: 1 })
  assert.equal(seen[0]?.url, "/v1/secret/data/app")
  assert.equal(seen[0]?.headers["x-vault-token"], "hvs.test")
  assert.equal(seen[0]?.headers["x-vault-request"], "true")
})

test("verbs are those that every proxy lets through: list and scan are reads, a write is a PUT, a patch is a merge patch", async () => {
  const { client, seen } = await clientOf([json(200, secret({ keys: ["a"] }))])
  await client.list("secret/metadata", { after: "a", limit: 2 })
  await client.scan("secret/metadata")
  await client.write("secret/data/app", { data: { a: 1 } })
  await client.patch("secret/data/app", { data: { a: null } })
  await client.delete("secret/data/app")
  assert.deepEqual(
    seen.map(({ method, url, body }) => [method, url, body]),
    [
      ["GET", "/v1/secret/metadata?after=a&limit=2&list=true", ""],
      ["GET", "/v1/secret/metadata?scan=true", ""],
      ["PUT", "/v1/secret/data/app", '{"data":{"a":1}}'],
      ["PATCH", "/v1/secret/data/app", '{"data":{"a":null}}'],
      ["DELETE", "/v1/secret/data/app", ""],
    ],
  )
  assert.equal(seen[3]?.headers["content-type"], "application/merge-patch+json")
})

test("namespace, wrapping, second factors and headers of one's own are sent", async () => {
  const { client, seen } = await clientOf([json(200, secret({}))])
  await client
    .with({ namespace: "/team/a", wrapTtl: "5m", mfa: ["totp:123456"], headers: { "X-Trace": "t" } })
    .read("a")
  const headers = seen[0]?.headers ?? {}
  assert.equal(headers["x-vault-namespace"], "team/a/")
  assert.equal(headers["x-vault-wrap-ttl"], "5m")
  assert.equal(headers["x-vault-mfa"], "totp:123456")
  assert.equal(headers["x-trace"], "t")
})

test("a name with a question mark, a hash or a percent sign stays a name", async () => {
  const { client, seen } = await clientOf([json(200, secret({}))])
  await client.read("secret/data/what?#100%/é")
  assert.equal(seen[0]?.url, "/v1/secret/data/what%3F%23100%25/%C3%A9")
})

test("nothing found is null, but a 404 that carries data is kept", async () => {
  const deleted = { ...secret({ data: null, metadata: { version: 1 } }) }
  const { client } = await clientOf([json(404, { errors: [] }), json(404, deleted)])
  assert.equal(await client.read("secret/data/none"), null)
  assert.deepEqual((await client.read("secret/data/deleted"))?.data, { data: null, metadata: { version: 1 } })
})

test("an empty reply to a write is null", async () => {
  const { client } = await clientOf([json(204, undefined)])
  assert.equal(await client.write("secret/app", { a: 1 }), null)
})

test("a refusal carries status, sentences and request, in Vault's words", async () => {
  const { client } = await clientOf([
    json(403, { errors: ["permission denied", "invalid token"] }, { "X-Vault-Namespace": "team/" }),
  ])
  const { address } = client.settings
  await assert.rejects(client.read("secret/app"), (error: unknown) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.errors, error.raw], [403, ["permission denied", "invalid token"], false])
    assert.equal(
      error.message,
      `Error making API request.\n\nNamespace: team/\nURL: GET ${address}/v1/secret/app\nCode: 403. Errors:\n\n* permission denied\n* invalid token`,
    )
    return true
  })
})

test("an answer that is no JSON is shown raw", async () => {
  const { client } = await clientOf([reply => reply.writeHead(400).end("<h1>proxy</h1>")])
  await assert.rejects(
    client.read("a"),
    (error: unknown) => error instanceof ApiError && error.raw && /Raw Message:\n\n<h1>proxy/.test(error.message),
  )
})

test("5xx and 412 are tried three times in all, 501 and 400 once", async () => {
  for (const [code, times] of [
    [500, 3],
    [503, 3],
    [412, 3],
    [501, 1],
    [400, 1],
  ] as const) {
    const { client, seen, waits } = await clientOf([json(code, { errors: ["no"] })])
    await assert.rejects(client.read("a"), status(code))
    assert.equal(seen.length, times, String(code))
    assert.equal(waits.length, times - 1)
  }
})

test("a 429 is tried again when the server says", async () => {
  const { client, waits } = await clientOf([
    json(429, { errors: ["slow"] }, { "Retry-After": "7" }),
    json(200, secret({ a: 1 })),
  ])
  assert.deepEqual((await client.read("a"))?.data, { a: 1 })
  assert.deepEqual(waits, [7000])
})

test("with no retries an error comes at once", async () => {
  const { client, seen } = await clientOf([json(503, { errors: ["Vault is sealed"] })], { retries: 0 })
  await assert.rejects(client.read("a"), status(503))
  assert.equal(seen.length, 1)
})

test("a redirect within the host is followed once, with the same verb and body", async () => {
  const { client, seen } = await clientOf([
    json(307, undefined, { Location: "/v1/b?x=1" }),
    json(200, secret({ a: 1 })),
  ])
  assert.deepEqual((await client.write("a", { k: "v" }))?.data, { a: 1 })
  assert.deepEqual([seen[1]?.method, seen[1]?.url, seen[1]?.body], ["PUT", "/v1/b?x=1", '{"k":"v"}'])
  const looping = await clientOf([json(307, undefined, { Location: "/v1/again" })])
  await looping.client.request({ method: "GET", path: "a" })
  assert.equal(looping.seen.length, 2)
})

test("a redirect to another host gets neither token nor body: the request ends there", async () => {
  const other = await answering([json(200, secret({ stolen: true }))])
  const { client } = await clientOf([json(307, undefined, { Location: `${other.address}/v1/a` })])
  await assert.rejects(
    client.write("a", { password: "p" }),
    (error: unknown) => error instanceof ConnectionError && error.code === "REDIRECT",
  )
  assert.equal(other.seen.length, 0)
})

test("a redirect is not followed when that is switched off", async () => {
  const { client, seen } = await clientOf([json(307, undefined, { Location: "/v1/b" })], { followRedirects: false })
  assert.equal((await client.request({ method: "GET", path: "a" })).status, 307)
  assert.equal(seen.length, 1)
})

test("a server that does not answer in time is given up", async () => {
  const { client } = await clientOf([() => {}], { timeout: 0.05 })
  await assert.rejects(
    client.read("a"),
    (error: unknown) => error instanceof ConnectionError && error.code === "TIMEOUT",
  )
})

test("a refused connection is named as Go names it", async () => {
  const client = createClient({ address: "http://127.0.0.1:1", retries: 0 })
  await assert.rejects(client.read("a"), {
    name: "ConnectionError",
    code: "ECONNREFUSED",
    message: 'Get "http://127.0.0.1:1/v1/a": dial tcp 127.0.0.1:1: connect: connection refused',
  })
})

test("plain HTTP where TLS is expected is named as such", async () => {
  const { address } = await answering([json(200, {})])
  const client = createClient({ address: address.replace("http:", "https:"), retries: 0 })
  await assert.rejects(client.read("a"), /http: server gave HTTP response to HTTPS client/)
})

test("a unix socket is an address", async () => {
  const folder = await mkdtemp(join(tmpdir(), "arca-sdk-"))
  try {
    const { seen } = await answering([json(200, secret({ a: 1 }))], join(folder, "socket"))
    const client = createClient({ address: `unix://${join(folder, "socket")}`, token: "t" })
    assert.deepEqual((await client.read("a"))?.data, { a: 1 })
    assert.equal(seen[0]?.headers.host, "localhost")
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("a path in the address is a prefix", async () => {
  const { address, seen } = await answering([json(200, secret({}))])
  await createClient({ address: `${address}/vault/` }).read("a")
  assert.equal(seen[0]?.url, "/vault/v1/a")
})

test("unwrap spends the given token: as its own where there is no other, else in the body", async () => {
  const { client, seen } = await clientOf([json(200, secret({}))])
  await client.with({ token: "" }).unwrap("hvs.wrap")
  await client.with({ wrapTtl: "5m" }).unwrap("hvs.wrap")
  await client.unwrap()
  assert.deepEqual(
    seen.map(({ headers, body }) => [headers["x-vault-token"], headers["x-vault-wrap-ttl"], body]),
    [
      ["hvs.wrap", undefined, ""],
      ["hvs.test", undefined, '{"token":"hvs.wrap"}'],
      ["hvs.test", undefined, ""],
    ],
  )
})

test("any fetch serves as transport, and each request can be looked at before it is sent", async () => {
  const urls: string[] = []
  const client = createClient({
    address: "http://vault.example",
    fetch: async url => {
      urls.push(url)
      return new Response(JSON.stringify(secret({ a: 1 })))
    },
  })
  assert.deepEqual((await client.read("a"))?.data, { a: 1 })
  const stopped = client.with({
    onRequest: ({ method, url }) => {
      throw new Error(`${method} ${url}`)
    },
  })
  await assert.rejects(stopped.write("b", {}), /^Error: PUT http:\/\/vault\.example\/v1\/b$/)
  assert.deepEqual(urls, ["http://vault.example/v1/a"])
})

test("a program ends although nobody has read replies without a body, nor those that were sent again for", async () => {
  const answers = [json(503, { errors: ["later"] }), json(307, {}, { Location: "/v1/there" }), json(204, undefined)]
  const { address, seen } = await answering(answers)
  const program = `import { createClient } from ${JSON.stringify(import.meta.resolve("./index.ts"))}
    const client = createClient({ address: ${JSON.stringify(address)}, wait: async () => {} })
    await client.request({ method: "DELETE", path: "a" })`
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { timeout: 20_000 })
  assert.deepEqual(
    seen.map(({ url }) => url),
    ["/v1/a", "/v1/a", "/v1/there"],
  )
})

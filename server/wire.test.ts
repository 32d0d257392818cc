import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { Readable } from "node:stream"
import { test } from "node:test"
import { Refusal } from "@arca/api"
import type { Request } from "./server.ts"
import { readRequest } from "./wire.ts"

const PEER = { address: "127.0.0.1", port: 40000, certificate: undefined }

async function read(verb: string, url: string, body = "", headers: Record<string, string> = {}): Promise<Request> {
  const stream = Readable.from(body === "" ? [] : [Buffer.from(body)])
  const rawHeaders = Object.entries({ "Content-Type": "application/merge-patch+json", ...headers }).flat()
  const message = Object.assign(stream, { url, rawHeaders, headers: {}, complete: true }) as unknown as IncomingMessage
  return readRequest(message, verb, PEER, { random: randomBytes, maxBytes: 1000 })
}

const refused = (pattern: RegExp) => (error: unknown) => error instanceof Refusal && pattern.test(error.errors.join())

test("help is asked for with any verb, and nothing else then", async () => {
  for (const verb of ["GET", "LIST", "PUT", "PATCH", "DELETE"]) {
    for (const [query, help] of [
      ["?help=1", true],
      ["?help=0", true],
      ["?help=", false],
      ["?help", false],
    ] as const) {
      const { operation } = await read(verb, `/v1/kv/a${query}`)
      assert.equal(operation === "help", help, `${verb} ${query}`)
    }
  }
})

test("a query that says nothing of a list reads", async () => {
  for (const query of ["?list=", "?list", "?list=false"]) {
    assert.equal((await read("GET", `/v1/kv/a${query}`)).operation, "read", query)
  }
  assert.equal((await read("GET", "/v1/kv/a?list=T")).operation, "list")
})

test("nothing is written to a folder", async () => {
  for (const verb of ["POST", "PUT", "PATCH"]) {
    await assert.rejects(read(verb, "/v1/kv/a/"), refused(/^cannot write to a path ending in '\/'$/))
  }
})

test("a body is an object or nothing", async () => {
  for (const body of ["", " ", "\n\t", "null", "{}"]) assert.deepEqual((await read("PUT", "/v1/kv/a", body)).body, {})
  for (const body of ["[]", "1", '"{}"', "{", "\ufeff{}"]) {
    await assert.rejects(
      read("PUT", "/v1/kv/a", body),
      refused(/^error parsing JSON: failed to parse JSON input: /),
      body,
    )
  }
})

test("a form is parsed as strictly as Go's", async () => {
  const form = { "Content-Type": "application/x-www-form-urlencoded" }
  assert.deepEqual((await read("PUT", "/v1/kv/a", "a=1&b=%20&a=2", form)).body, { a: "1,2", b: " " })
  for (const body of ["a=%zz", "a=1;b=2"])
    await assert.rejects(read("PUT", "/v1/kv/a", body, form), refused(/^error parsing form data$/), body)
})

test("a reply is not wrapped for a negative time", async () => {
  const reading = read("GET", "/v1/kv/a", "", { "X-Vault-Wrap-TTL": "-1s" })
  await assert.rejects(
    reading,
    refused(/^error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative$/),
  )
})

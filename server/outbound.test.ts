import assert from "node:assert/strict"
import { createServer, type RequestListener, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { Refusal } from "@arca/api"
import { parseHcl } from "@arca/hcl"
import { outboundRules } from "./config/outbound.ts"
import { devCertificate } from "./dev-tls.ts"
import { judge, OUTBOUND_DEFAULTS, outbound, plainAddress } from "./outbound.ts"

const closing: Server[] = []
after(() => {
  for (const server of closing) server.close()
})

async function serving(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1")
  closing.push(server)
  await new Promise(resolve => server.once("listening", resolve))
  return (server.address() as AddressInfo).port
}

const open = outbound({ rules: OUTBOUND_DEFAULTS })

const said = async (act: Promise<unknown>): Promise<string> => {
  const error = await act.then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  )
  assert.ok(error instanceof Refusal, String(error))
  return `${error.status} ${error.message}`
}

test("an address that hands out credentials is refused in every spelling", async () => {
  const spellings = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
  ]
  for (const address of [
    ...spellings,
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "fd00:ec2::254",
    "100.100.100.200",
  ]) {
    assert.equal(judge(OUTBOUND_DEFAULTS)(address), "forbidden", address)
  }
  for (const host of [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
  ]) {
    assert.match(
      await said(open.approve(host, 80)),
      /^400 connections to .* are not allowed: its address is forbidden/,
      host,
    )
  }
})

test("private networks are open by default, closed on request, and exceptions can be named", () => {
  const inside = [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.1.2.3",
  ]
  for (const address of inside) assert.equal(judge(OUTBOUND_DEFAULTS)(address), "allowed", address)
  const strict = judge({ allow: ["10.1.0.0/16"], deny: ["203.0.113.0/24"], privateNetworks: false })
  assert.deepEqual(["127.0.0.1", "10.2.0.1", "10.1.2.3", "203.0.113.9", "198.51.100.1"].map(strict), [
    "private",
    "private",
    "allowed",
    "forbidden",
    "allowed",
  ])
})

test("embedded IPv4 addresses are found, others are left alone", () => {
  const cases = {
    "::ffff:1.2.3.4": "1.2.3.4",
    "64:ff9b::102:304": "1.2.3.4",
    "2002:102:304::": "1.2.3.4",
    "::1.2.3.4": "1.2.3.4",
  }
  for (const [given, plain] of Object.entries(cases)) assert.equal(plainAddress(given), plain)
  assert.equal(plainAddress("2001:db8::1"), "2001:db8::1")
})

test("a name is resolved once, and one forbidden address of several refuses it", async () => {
  let asked = 0
  const answers = [["198.51.100.1"], ["169.254.169.254"]]
  const way = outbound({ rules: OUTBOUND_DEFAULTS, resolve: async () => answers[asked++] ?? [] })
  assert.deepEqual(await way.approve("db.example", 5432), { host: "db.example", address: "198.51.100.1", port: 5432 })
  assert.match(await said(way.approve("db.example", 5432)), /are not allowed/)
  const mixed = outbound({ rules: OUTBOUND_DEFAULTS, resolve: async () => ["198.51.100.1", "169.254.169.254"] })
  assert.match(await said(mixed.approve("db.example", 5432)), /are not allowed/)
})

test("what is no host or no port is refused before anything is asked", async () => {
  for (const host of ["", "a b", "user:pw@host", "host/path", "a\0b"])
    assert.match(await said(open.approve(host, 80)), /^400/)
  for (const port of [0, 65536, 1.5, Number.NaN])
    assert.match(await said(open.approve("localhost", port)), /is no port/)
})

test("a request is answered with status, headers and body, from the address that was approved", async () => {
  const port = await serving((request, response) => {
    response.setHeader("X-Seen", `${request.method} ${request.url} ${request.headers.host}`)
    request.pipe(response)
  })
  const pinned = outbound({ rules: OUTBOUND_DEFAULTS, resolve: async () => ["127.0.0.1"] })
  const received = await pinned.fetch(`http://broker.example:${port}/a?b=c`, { method: "POST", body: '{"a":1}' })
  assert.equal(received.headers["x-seen"], `POST /a?b=c broker.example:${port}`)
  assert.deepEqual([received.status, received.json()], [200, { a: 1 }])
})

test("an error names host, path and status, and nothing that may hold a credential", async () => {
  const port = await serving((_, response) => {
    response.statusCode = 403
    response.end("the key sesame is wrong")
  })
  const url = `http://user:sesame@127.0.0.1:${port}/login?key=sesame`
  const text = await said(
    open.fetch(url, { method: "PUT", headers: { authorization: "Bearer sesame" }, body: "sesame" }),
  )
  assert.equal(text, `502 127.0.0.1:${port} answered PUT /login with status 403`)
  assert.equal((await open.fetch(url, { accept: [403] })).status, 403)
  const refused = await said(open.fetch("http://127.0.0.1:1/login?key=sesame"))
  assert.equal(refused, "502 no answer from 127.0.0.1:1 to GET /login: ECONNREFUSED")
})

test("a redirect is not followed unless asked, never to a forbidden address, and without credentials to another host", async () => {
  const seen: (string | undefined)[] = []
  const other = await serving((request, response) => {
    seen.push(request.headers.authorization)
    response.end("there")
  })
  let location = `http://localhost:${other}/`
  const port = await serving((_, response) => {
    response.writeHead(302, { location })
    response.end()
  })
  const headers = { authorization: "Bearer sesame" }
  assert.match(await said(open.fetch(`http://127.0.0.1:${port}/`, { headers })), /answered GET \/ with status 302/)
  assert.equal((await open.fetch(`http://127.0.0.1:${port}/`, { headers, redirects: 1 })).text(), "there")
  assert.deepEqual(seen, [undefined])
  location = "http://169.254.169.254/latest/meta-data/"
  assert.match(await said(open.fetch(`http://127.0.0.1:${port}/`, { redirects: 3 })), /are not allowed/)
})

test("an answer that is too long, or does not come, is given up on", async () => {
  const long = await serving((_, response) => response.end("x".repeat(1000)))
  assert.match(await said(open.fetch(`http://127.0.0.1:${long}/`, { maxBytes: 999 })), /is longer than 999 bytes/)
  const silent = await serving(() => {})
  assert.match(await said(open.fetch(`http://127.0.0.1:${silent}/`, { timeoutSeconds: 0.05 })), /it took too long/)
})

test("a certificate must be for the host, and by an authority that is trusted", async () => {
  const { options, caFile } = await devCertificate(join(tmpdir(), `arca-outbound-${process.pid}`))
  const { readFileSync } = await import("node:fs")
  const server = createTlsServer(
    { cert: readFileSync(options.certFile), key: readFileSync(options.keyFile) },
    (_, response) => response.end("safe"),
  ).listen(0, "127.0.0.1")
  closing.push(server)
  await new Promise(resolve => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  const way = outbound({ rules: OUTBOUND_DEFAULTS, resolve: async () => ["127.0.0.1"] })
  const ca = readFileSync(caFile, "utf8")
  assert.equal((await way.fetch(`https://localhost:${port}/`, { tls: { ca } })).text(), "safe")
  assert.match(await said(way.fetch(`https://localhost:${port}/`)), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/)
  assert.match(await said(way.fetch(`https://other.example:${port}/`, { tls: { ca } })), /ERR_TLS_CERT_ALTNAME_INVALID/)
  assert.equal((await way.fetch(`https://other.example:${port}/`, { tls: { insecure: true } })).text(), "safe")
})

test("the stanza names networks; what is none is told with its line", () => {
  const rules = outboundRules(parseHcl('allow = ["10.0.0.0/8"]\nprivate_networks = false'))
  assert.deepEqual(rules, { allow: ["10.0.0.0/8"], deny: [], privateNetworks: false })
  assert.throws(() => outboundRules(parseHcl('deny = ["10.0.0.0/33"]')), /"10.0.0.0\/33" is no network/)
})

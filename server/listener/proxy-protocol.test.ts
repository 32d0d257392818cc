import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { connect as connectTcp, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { connect as connectTls } from "node:tls"
import { devCertificate } from "../dev-tls.ts"
import { type Listener, listen } from "./listener.ts"
import { LISTENER_DEFAULTS, type ListenerOptions } from "./options.ts"
import { headerOf, type ProxyBehavior } from "./proxy-protocol.ts"

const options = (behavior: ProxyBehavior, authorized: readonly string[], more: Partial<ListenerOptions> = {}) => ({
  ...LISTENER_DEFAULTS,
  host: "127.0.0.1",
  port: 0,
  proxyProtocol: { behavior, authorized },
  ...more,
})

/** A listener that answers where the request comes from. */
const open = (given: ListenerOptions): Promise<Listener> =>
  listen(given, async (_message, response, verb, peer) => {
    response.end(`${verb} ${peer.address} ${peer.port}`)
  })

const portOf = ({ address }: Listener): number => Number(/:(\d+)$/.exec(address)?.[1])

/** What is answered to bytes; empty when the connection is closed without an answer. */
async function answer(socket: Socket, ...bytes: (string | Buffer)[]): Promise<string> {
  socket.on("error", () => {})
  for (const part of bytes) socket.write(part)
  return (await text(socket).catch(() => "")).split("\r\n\r\n")[1] ?? ""
}

const get = "GET /v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
const list = "LIST /v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
const line = "PROXY TCP4 192.0.2.7 198.51.100.1 5555 443\r\n"

const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex")
const block = (command: number, family: number, body: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length)
  return Buffer.concat([signature, Buffer.from([0x20 | command, family]), length, body])
}
const ipv4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x15, 0xb3, 1, 0xbb])

test("headers of both versions tell the origin, and what follows them is the request", async t => {
  const listener = await open(options("use_always", []))
  t.after(() => listener.close(1))
  const send = (...bytes: (string | Buffer)[]) => answer(connectTcp(portOf(listener), "127.0.0.1"), ...bytes)
  assert.equal(await send(line + get), "GET 192.0.2.7 5555")
  assert.equal(await send(line, list), "LIST 192.0.2.7 5555")
  assert.equal(await send(Buffer.concat([block(1, 0x11, ipv4), Buffer.from(get)])), "GET 192.0.2.7 5555")
  const ipv6 = Buffer.concat([Buffer.from("20010db8000000000000000000000007".repeat(2), "hex"), ipv4.subarray(8)])
  assert.equal(await send(block(1, 0x21, ipv6), get), "GET 2001:db8:0:0:0:0:0:7 5555")
  assert.match(await send(block(0, 0, Buffer.alloc(0)), get), /^GET 127\.0\.0\.1 \d+$/)
  assert.match(await send("PROXY UNKNOWN\r\n", get), /^GET 127\.0\.0\.1 \d+$/)
  assert.match(await send(get), /^GET 127\.0\.0\.1 \d+$/)
})

test("a header that comes byte by byte is one header", async t => {
  const listener = await open(options("use_always", []))
  t.after(() => listener.close(1))
  const socket = connectTcp(portOf(listener), "127.0.0.1")
  socket.setNoDelay(true)
  await once(socket, "connect")
  for (const byte of line) {
    socket.write(byte)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal(await answer(socket, get), "GET 192.0.2.7 5555")
})

test("who may not say where a connection comes from is not believed, or not answered", async t => {
  const ignoring = await open(options("allow_authorized", ["10.0.0.0/8"]))
  t.after(() => ignoring.close(1))
  assert.match(await answer(connectTcp(portOf(ignoring), "127.0.0.1"), line + get), /^GET 127\.0\.0\.1 \d+$/)
  const denying = await open(options("deny_unauthorized", ["10.0.0.0/8"]))
  t.after(() => denying.close(1))
  assert.equal(await answer(connectTcp(portOf(denying), "127.0.0.1"), line + get), "")
  const believing = await open(options("deny_unauthorized", ["127.0.0.1"]))
  t.after(() => believing.close(1))
  assert.equal(await answer(connectTcp(portOf(believing), "127.0.0.1"), line + get), "GET 192.0.2.7 5555")
})

test("broken headers close the connection, and nothing behind them is read", async t => {
  const listener = await open(options("use_always", []))
  t.after(() => listener.close(1))
  for (const broken of [`PROXY TCP4 nonsense\r\n`, `PROXY ${"x".repeat(200)}`, block(7, 0x11, ipv4)]) {
    assert.equal(await answer(connectTcp(portOf(listener), "127.0.0.1"), broken, get), "")
  }
  assert.throws(() => headerOf(Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff])])), /broken/)
})

test("over TLS the header comes before the handshake", async t => {
  const folder = await mkdtemp(join(tmpdir(), "arca-proxy-"))
  t.after(() => rm(folder, { recursive: true }))
  const { options: tls } = await devCertificate(folder)
  const listener = await open(options("use_always", [], { tls }))
  t.after(() => listener.close(1))
  const raw = connectTcp(portOf(listener), "127.0.0.1")
  await once(raw, "connect")
  raw.write(line)
  assert.equal(await answer(connectTls({ socket: raw, rejectUnauthorized: false }), get), "GET 192.0.2.7 5555")
})

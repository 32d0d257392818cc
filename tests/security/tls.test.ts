/** Attack class 1.1 below HTTP: clients that do not mean to finish a handshake, and clients that come without end. */

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { connect as connectTcp, type Socket } from "node:net"
import { after, before, test } from "node:test"
import { type ConnectionOptions, connect as connectTls } from "node:tls"
import { call, type Running, startUnsealed } from "../parts/arca.ts"

/** The catalogue asks for 10^5; set so they take minutes. */
const HANDSHAKES = Number(process.env.ARCA_HANDSHAKES ?? 400)
const TOGETHER = 20
const RSS_MEBIBYTES = 64

let running: Running
let port = 0
before(async () => {
  running = await startUnsealed()
  port = Number(new URL(running.url).port)
})
after(() => running.stop())

/** Resident memory of the server, in MiB. */
async function resident(): Promise<number> {
  const status = await readFile(`/proc/${running.process.pid}/status`, "utf8")
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

const alive = async (): Promise<number> => (await call(running, { path: "sys/health" })).status

/** An error on the way there is what is expected. */
const closed = (socket: Socket): Promise<void> => new Promise(resolve => socket.once("close", () => resolve()))

/** Sends bytes in place of a handshake; resolves when the server has hung up, or has been silent for a while. */
async function garbage(bytes: Uint8Array): Promise<void> {
  const socket = connectTcp(port, "127.0.0.1").on("error", () => {})
  socket.setTimeout(200, () => socket.destroy())
  socket.resume().write(bytes)
  await closed(socket)
}

/** A whole handshake and its end. */
async function handshake(options: ConnectionOptions): Promise<void> {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }).on("error", () => {})
  socket.once("secureConnect", () => socket.destroy())
  if (!socket.destroyed) await closed(socket)
}

test("A25: what is no handshake, or one that is strange, is hung up on, and nobody else notices", async () => {
  const hello = Buffer.from("160301020001000001fc0303", "hex")
  for (const bytes of [
    Buffer.from("GET /v1/sys/health HTTP/1.1\r\n\r\n"),
    Buffer.alloc(70_000, 0x16),
    Buffer.concat([hello, randomBytes(508)]),
    Buffer.concat([hello, Buffer.alloc(508)]),
    Buffer.from("16030100050100000100", "hex"),
    Buffer.from("150301000202", "hex"),
    randomBytes(4096),
  ]) {
    await garbage(bytes)
  }
  const names = ["a".repeat(255), "xn--\u00ff", "127.0.0.1.", "*", "sub..example", "_"]
  await Promise.all(names.map(servername => handshake({ servername })))
  const protocols = [["h2"], ["\u0001\u0002"], ["x".repeat(255)], Array.from({ length: 200 }, (_, nth) => `p${nth}`)]
  await Promise.all(protocols.map(ALPNProtocols => handshake({ ALPNProtocols })))
  await handshake({ maxVersion: "TLSv1.1", minVersion: "TLSv1.1" }).catch(() => {})
  assert.equal(await alive(), 200)
})

test(`A25: ${HANDSHAKES} handshakes, with client certificates and without, leave memory where it was`, async () => {
  const [cert, key] = await Promise.all(["cert.pem", "key.pem"].map(name => readFile(`${running.dir}/${name}`)))
  const many = async (count: number) => {
    for (let done = 0; done < count; done += TOGETHER) {
      const some = Array.from({ length: TOGETHER }, (_, nth) =>
        nth % 4 === 0 ? garbage(randomBytes(64)) : handshake(nth % 2 === 0 ? { cert, key } : {}),
      )
      await Promise.all(some)
    }
  }
  await many(HANDSHAKES / 4)
  const settled = await resident()
  await many(HANDSHAKES)
  const grown = (await resident()) - settled
  assert.ok(grown < RSS_MEBIBYTES, `${grown} MiB more`)
  assert.equal(await alive(), 200)
})

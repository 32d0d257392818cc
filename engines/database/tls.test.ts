/** Whose certificates drivers believe in, where no real server shows it: MongoDB's fake, and handshakes of Cassandra's client. */

import assert from "node:assert/strict"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { after, test } from "node:test"
import { createServer } from "node:tls"
import { testServer } from "../../server/testing.ts"
import { certificates } from "../../tests/parts/certificates.ts"
import { start as startMongo } from "../../tests/parts/fake-mongodb.ts"

const cleanup: (() => unknown)[] = []
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

/** A server's certificate for 127.0.0.1, and the authorities of it and of another. */
async function pems() {
  const scope = { after: (act: () => unknown) => void cleanup.push(act) }
  const [own, other] = [await certificates(scope), await certificates(scope)]
  const read = (file: string) => readFileSync(file, "utf8")
  return { tls: { cert: read(own.cert), key: read(own.key) }, ca: read(own.ca), foreign: read(other.ca) }
}

/** What the engine says to a configuration: nothing when it connects. */
async function written(config: Record<string, unknown>): Promise<string> {
  const vault = await testServer()
  cleanup.push(() => vault.write("sys/seal"))
  await vault.write("sys/mounts/database", { type: "database" })
  return (await vault.write("database/config/db", config as never)).errors[0] ?? ""
}

// MongoDB's client tries for ten seconds, whatever is wrong: so all at the same time.
test("mongodb: the server must show a certificate of the authority, for its name", async () => {
  const { tls, ca, foreign } = await pems()
  const mongo = await startMongo(tls)
  cleanup.push(() => mongo.stop())
  const said = (config: Record<string, unknown>, host = "127.0.0.1") => {
    const connection_url = `mongodb://${host}:${mongo.port}/admin`
    return written({ plugin_name: "mongodb-database-plugin", connection_url, tls_ca: ca, ...config })
  }
  const [own, named, insecure, stranger, otherHost, otherName] = await Promise.all([
    said({}),
    said({ tls_server_name: "arca.test" }, "localhost"),
    said({ tls_server_name: "elsewhere.example", tls_skip_verify: true }),
    said({ tls_ca: foreign }),
    said({}, "localhost"),
    said({ tls_server_name: "elsewhere.example" }),
  ])
  assert.deepEqual([own, named, insecure], ["", "", ""])
  assert.match(stranger, /self.signed|unable to verify/)
  assert.match(otherHost, /does not match certificate/)
  assert.match(otherName, /does not match certificate/)
})

test("cassandra: nothing is said to a server that shows no certificate of the authority, for its name", async () => {
  const { tls, ca, foreign } = await pems()
  const server = createServer(tls, socket => {
    socket.on("error", () => {})
    socket.on("data", (asked: Buffer) => socket.write(refusing(asked)))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  cleanup.push(() => server.close())
  const address = server.address()
  const port = typeof address === "object" ? address?.port : 0
  const said = (config: Record<string, unknown>, hosts = "127.0.0.1") =>
    written({ plugin_name: "cassandra-database-plugin", hosts, port, tls: true, pem_bundle: ca, ...config })
  const heard = /we are closed/
  assert.match(await said({}), heard)
  assert.match(await said({ tls_server_name: "arca.test" }, "localhost"), heard)
  assert.match(await said({ tls_server_name: "elsewhere.example", insecure_tls: true }), heard)
  assert.match(await said({ pem_bundle: foreign }), /self.signed|unable to verify/)
  assert.match(await said({}, "localhost"), /does not match certificate/)
  assert.match(await said({ tls_server_name: "elsewhere.example" }), /does not match certificate/)
})

/** An error of Cassandra's protocol, in the version and on the stream of what was asked. */
function refusing(asked: Buffer): Buffer {
  const words = Buffer.from("we are closed")
  const body = Buffer.alloc(6 + words.length)
  body.writeInt32BE(0x1001, 0)
  body.writeInt16BE(words.length, 4)
  words.copy(body, 6)
  const head = Buffer.alloc(9)
  head[0] = (asked[0] ?? 0) | 0x80
  asked.copy(head, 2, 2, 4)
  head.writeInt32BE(body.length, 5)
  return Buffer.concat([head, body])
}

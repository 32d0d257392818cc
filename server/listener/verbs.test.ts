import assert from "node:assert/strict"
import { once } from "node:events"
import { connect } from "node:net"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { connect as tlsConnect } from "node:tls"
import { certificates } from "../../tests/parts/certificates.ts"
import { type Listener, listen } from "./listener.ts"
import { LISTENER_DEFAULTS } from "./options.ts"

const TLS = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  requestClientCertificate: false,
  requireClientCertificate: false,
} as const

/** A listener that answers each request with its verb and path. */
const echo = (): Promise<Listener> =>
  listen({ ...LISTENER_DEFAULTS, host: "127.0.0.1", port: 0 }, async (message, response, verb) => {
    let body = ""
    for await (const chunk of message) body += String(chunk)
    response.end(`${verb} ${message.url} ${body};`)
  })

/** Sends texts one after another, each when the answer to the one before has come; returns everything received. */
async function converse(address: string, texts: readonly string[], answers = texts.length): Promise<string> {
  const socket = connect(Number(new URL(address).port), "127.0.0.1")
  await once(socket, "connect")
  let received = ""
  for (const [index, text] of texts.entries()) {
    socket.write(text)
    while (index < answers && received.split(";").length - 1 < index + 1) {
      const [chunk] = await Promise.race([once(socket, "data"), once(socket, "close")])
      if (typeof chunk !== "object") return received
      received += String(chunk)
      if (/400 Bad Request/.test(received)) break
    }
  }
  socket.destroy()
  return received
}

const bodies = (received: string): string[] =>
  [...received.matchAll(/([A-Z]+ \/[^;]*);/g)].map(found => (found[1] ?? "").trim())

const plain = (verb: string, path: string): string => `${verb} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

test("LIST and SCAN are answered between other verbs on one connection", async () => {
  const listener = await echo()
  const put = `PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nLIST /x`
  const texts = [
    plain("GET", "/a"),
    plain("LIST", "/b"),
    put,
    plain("LIST", "/c"),
    plain("SCAN", "/d"),
    plain("GET", "/e"),
  ]
  assert.deepEqual(bodies(await converse(listener.address, texts)), [
    "GET /a",
    "LIST /b",
    "PUT /p LIST /x",
    "LIST /c",
    "SCAN /d",
    "GET /e",
  ])
  await listener.close(1)
})

test("the verbs that stand in for them are refused", async () => {
  const listener = await echo()
  for (const verb of ["LINK", "LOCK"]) {
    assert.match(
      await converse(listener.address, [plain(verb, "/a")], 0).then(() =>
        converse(listener.address, [plain(verb, "/a")]),
      ),
      /405/,
    )
  }
  await listener.close(1)
})

test("a LIST that is pipelined behind another request is refused, and nothing after it is answered", async () => {
  const listener = await echo()
  const received = await converse(
    listener.address,
    [`${plain("GET", "/a")}${plain("LIST", "/b")}${plain("GET", "/c")}`, ""],
    1,
  )
  assert.ok(!received.includes("GET /c"), received)
  await listener.close(1)
})

for (const secure of [false, true]) {
  test(`a LIST that comes before the answers to others waits for them, ${secure ? "over TLS" : "in clear"}`, async t => {
    const pki = await certificates(t)
    const gates = new Map<string, PromiseWithResolvers<void>>()
    const listener = await listen(
      {
        ...LISTENER_DEFAULTS,
        host: "127.0.0.1",
        port: 0,
        ...(secure ? { tls: { ...TLS, certFile: pki.cert, keyFile: pki.key } } : {}),
      },
      async (message, response, verb) => {
        const gate = Promise.withResolvers<void>()
        gates.set(message.url ?? "", gate)
        await gate.promise
        response.end(`${verb} ${message.url};`)
      },
    )
    t.after(() => listener.close(1))
    const place = { port: Number(new URL(listener.address).port), host: "127.0.0.1" }
    const socket = secure ? tlsConnect({ ...place, rejectUnauthorized: false }) : connect(place)
    await once(socket, secure ? "secureConnect" : "connect")
    let received = ""
    socket.on("data", chunk => (received += String(chunk)))
    for (const [verb, path] of [
      ["GET", "/a"],
      ["GET", "/b"],
      ["LIST", "/c"],
    ] as const) {
      socket.write(plain(verb, path))
      await sleep(30)
    }
    assert.deepEqual([...gates.keys()], ["/a", "/b"], "nobody looks at the third while the first are being answered")
    // What comes behind it waits as well.
    socket.write(plain("GET", "/d"))
    await sleep(30)
    gates.get("/b")?.resolve()
    await sleep(30)
    gates.get("/a")?.resolve()
    while (!gates.has("/c")) await sleep(5)
    gates.get("/c")?.resolve()
    while (!gates.has("/d")) await sleep(5)
    gates.get("/d")?.resolve()
    while (bodies(received).length < 4) await sleep(5)
    assert.deepEqual(bodies(received), ["GET /a", "GET /b", "LIST /c", "GET /d"])
    socket.destroy()
  })
}

test("a client that leaves while its LIST waits troubles nobody", async t => {
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const listener = await listen({ ...LISTENER_DEFAULTS, host: "127.0.0.1", port: 0 }, async (message, response) => {
    seen.push(message.url ?? "")
    await gate.promise
    response.end("late;")
  })
  t.after(() => listener.close(1))
  const socket = connect(Number(new URL(listener.address).port), "127.0.0.1")
  await once(socket, "connect")
  socket.write(plain("GET", "/a"))
  await sleep(30)
  socket.write(plain("LIST", "/b"))
  await sleep(30)
  socket.destroy()
  await sleep(30)
  gate.resolve()
  await sleep(30)
  assert.match(await converse(listener.address, [plain("GET", "/c")]), /late/)
  assert.equal(seen.at(-1), "/c")
})

test("nonsense in the midst of an answer ends the connection, and adds nothing to the answer", async t => {
  const listener = await listen({ ...LISTENER_DEFAULTS, host: "127.0.0.1", port: 0 }, async (_, response) => {
    response.writeHead(200, { "Content-Length": 100 })
    response.write("begun")
  })
  t.after(() => listener.close(0))
  const socket = connect(Number(new URL(listener.address).port), "127.0.0.1")
  let received = ""
  socket.on("data", chunk => (received += String(chunk)))
  await once(socket, "connect")
  socket.write(plain("GET", "/a"))
  while (!received.endsWith("begun")) await sleep(5)
  socket.write("nonsense\r\n\r\n")
  await once(socket, "close")
  assert.match(received, /^HTTP\/1\.1 200 .*begun$/s)
})

test("requests whose end is in doubt are refused and the connection is closed", async () => {
  const listener = await echo()
  const doubtful = [
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost : x\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
  ]
  for (const text of doubtful) {
    const received = await converse(listener.address, [text])
    assert.match(received, /^HTTP\/1\.1 400/, JSON.stringify(text))
    assert.ok(!received.includes("smuggled"), received)
  }
  await listener.close(1)
})

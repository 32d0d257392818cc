import assert from "node:assert/strict"
import { once } from "node:events"
import { connect } from "node:net"
import { test } from "node:test"
import { type Listener, listen } from "./listener.ts"
import { LISTENER_DEFAULTS } from "./options.ts"

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

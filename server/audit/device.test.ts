import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { chmod, mkdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises"
import { createServer as createHttpServer, type IncomingMessage } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { describe, test } from "node:test"
import type { AuditDevice, DeviceOptions } from "./device.ts"
import { Invalid } from "./devices/options.ts"
import { openDevice } from "./open.ts"
import { TEST_SALT, type TestWorld, testRequest, testResponse, testWorld } from "./testing.ts"
import { verifyAudit } from "./verify.ts"

const UNCHAINED = { signingKey: undefined, origin: undefined }

const hmac = (value: string): string => `hmac-sha256:${createHmac("sha256", TEST_SALT).update(value).digest("hex")}`

const open = (world: TestWorld, changes: Partial<DeviceOptions>): Promise<AuditDevice> =>
  openDevice(world.entry({ ...UNCHAINED, ...changes }), world)

const fileLines = async (world: TestWorld, name = "audit.log"): Promise<string[]> =>
  (await readFile(join(world.directory, name), "utf8")).trimEnd().split("\n")

/** A stream server on a port of its own, or at a path; all that arrives is gathered. */
async function listening(path?: string) {
  let text = ""
  const arrived: (() => void)[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    sockets.add(socket)
    socket
      .on("error", () => {})
      .on("data", chunk => {
        text += chunk
        for (const wake of arrived.splice(0)) wake()
      })
  })
  server.listen(path === undefined ? { port: 0, host: "127.0.0.1" } : { path })
  await once(server, "listening")
  const address = server.address()
  return {
    server,
    sockets,
    address: typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : String(path),
    async lines(count: number): Promise<string[]> {
      while (text.split("\n").length <= count) await new Promise<void>(resolve => arrived.push(resolve))
      return text.trimEnd().split("\n")
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Lets what has happened to sockets become known. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}

describe("the file device", () => {
  test("appends one line a record to a file that only its owner may read", async () => {
    await using world = await testWorld()
    const device = await open(world, {})
    await Promise.all([device.request(testRequest()), device.response(testResponse())])
    await device.close("stop")
    const lines = await fileLines(world)
    assert.deepEqual(
      lines.map(line => JSON.parse(line).type),
      ["request", "response"],
    )
    assert.equal((await stat(join(world.directory, "audit.log"))).mode & 0o777, 0o600)
    assert.ok(!lines.join().includes("canary"))
    assert.equal(JSON.parse(lines[1] ?? "").response.data.data.password, device.hash("canary-password"))
    assert.equal(device.hash("canary-password"), hmac("canary-password"))
  })

  test("refuses places that the configuration does not allow, and makes nothing there", async () => {
    await using world = await testWorld()
    const { directory } = world
    await Promise.all(["logs", "data", "plugins"].map(name => mkdir(join(directory, name))))
    await symlink(join(directory, "plugins"), join(directory, "logs", "link"))
    await symlink(join(directory, "data", "x"), join(directory, "logs", "file-link"))
    const allowedDirectories = [join(directory, "logs"), "/proc"]
    const deniedDirectories = [join(directory, "logs", "private")]
    const refused = [
      "audit.log",
      "../audit.log",
      join(directory, "plugins", "x"),
      join(directory, "data", "x"),
      `${directory}/logs/../plugins/x`,
      join(directory, "logs", "link", "x"),
      join(directory, "logs", "link", "deep", "x"),
      join(directory, "logs", "file-link"),
      join(directory, "logs", "private", "x"),
      `${directory}/logs-of-another/x`,
      join(directory, "logs"),
      "/proc/self/mem",
      "/proc/self/environ",
      "/dev/sda",
      "/etc/cron.d/x",
    ]
    for (const file of refused) {
      for (const key of ["file_path", "path"]) {
        await assert.rejects(
          open(world, { options: { [key]: file }, allowedDirectories, deniedDirectories }),
          Invalid,
          file,
        )
      }
    }
    for (const name of ["plugins/x", "data/x", "plugins/deep", "logs/private"]) {
      await assert.rejects(stat(join(directory, name)), { code: "ENOENT" })
    }
    const device = await open(world, {
      options: { file_path: join(directory, "logs", "a", "b.log") },
      allowedDirectories,
    })
    await device.close("stop")
  })

  test("takes executable bits away and refuses modes beyond permissions", async () => {
    await using world = await testWorld()
    const file_path = join(world.directory, "audit.log")
    await (await open(world, { options: { file_path, mode: "0777" } })).close("stop")
    assert.equal((await stat(file_path)).mode & 0o777, 0o666)
    await chmod(file_path, 0o640)
    await (await open(world, { options: { file_path, mode: "0" } })).close("stop")
    assert.equal((await stat(file_path)).mode & 0o777, 0o640)
    for (const mode of ["4755", "rw", "0o600", "99"]) {
      await assert.rejects(open(world, { options: { file_path, mode } }), Invalid)
    }
  })

  test("writes to the new file after a rotation and a reload", async () => {
    await using world = await testWorld()
    const device = await open(world, {})
    await device.request(testRequest(1))
    await rename(join(world.directory, "audit.log"), join(world.directory, "old.log"))
    await device.request(testRequest(2))
    await device.reload()
    await device.request(testRequest(3))
    await device.close("stop")
    assert.equal((await fileLines(world, "old.log")).length, 2)
    assert.equal((await fileLines(world)).length, 1)
  })

  test("tells every request of a batch that a full disk took nothing", async () => {
    await using world = await testWorld()
    const device = await open(world, { options: { file_path: "/dev/full" } })
    const outcomes = await Promise.allSettled([1, 2, 3].map(number => device.request(testRequest(number))))
    for (const outcome of outcomes) {
      assert.equal(outcome.status, "rejected")
      assert.match(String(outcome.reason), /cannot write to "\/dev\/full": ENOSPC/)
    }
    assert.deepEqual(
      world.events.map(({ kind }) => kind),
      ["failed"],
    )
  })

  test("begins on a line of its own behind what a crash left", async () => {
    await using world = await testWorld()
    const file = join(world.directory, "audit.log")
    await writeFile(file, '{"broken')
    const device = await open(world, { options: { file_path: file, fsync: "true" } })
    await device.request(testRequest())
    await device.close("stop")
    const [broken, line = ""] = await fileLines(world)
    assert.equal(broken, '{"broken')
    assert.equal(JSON.parse(line).type, "request")
  })

  test("refuses options that it cannot understand, in a sentence", async () => {
    await using world = await testWorld()
    const file_path = join(world.directory, "audit.log")
    const wrong: readonly [Record<string, string>, RegExp][] = [
      [{}, /file_path is required/],
      [{ file_path, format: "jsonx" }, /no longer written/],
      [{ file_path, log_raw: "yes" }, /Cannot read log_raw "yes"/],
      [{ file_path, prefix: "#!/bin/sh\n" }, /prefix/],
      [{ file_path, prefix: "#!/bin/sh " }, /prefix/],
      [{ file_path, write_timeout: "0" }, /write_timeout/],
    ]
    for (const [options, message] of wrong) await assert.rejects(open(world, { options }), message)
    await assert.rejects(open(world, { type: "carrier-pigeon" }), /unknown audit device type/)
  })
})

describe("the socket device", () => {
  test("sends lines over TCP and unix streams, and finds the listener again after it went away", async () => {
    await using world = await testWorld()
    await using tcp = await listening()
    await using unix = await listening(join(world.directory, "audit.sock"))
    for (const [listener, socket_type] of [[tcp, "tcp"] as const, [unix, "unix"] as const]) {
      const device = await open(world, { type: "socket", options: { address: listener.address, socket_type } })
      await device.request(testRequest(1))
      await listener.lines(1)
      for (const socket of listener.sockets) {
        const closed = once(socket, "close")
        socket.destroy()
        await closed
      }
      await device.reload()
      await device.request(testRequest(2))
      const lines = await listener.lines(2)
      assert.deepEqual(
        lines.map(line => JSON.parse(line).request.path),
        ["secret/data/app/1", "secret/data/app/2"],
      )
      await device.close("stop")
    }
  })

  test("opens although nobody listens, and fails each request until somebody does", async () => {
    await using world = await testWorld()
    const address = join(world.directory, "audit.sock")
    const device = await open(world, { type: "socket", options: { address, socket_type: "unix" } })
    await assert.rejects(device.request(testRequest()), /cannot connect to unix ".*audit\.sock": ENOENT/)
    await using listener = await listening(address)
    await device.request(testRequest())
    assert.equal((await listener.lines(1)).length, 1)
    assert.deepEqual(
      world.events.map(({ kind }) => kind),
      ["failed", "recovered"],
    )
    await device.close("stop")
  })

  test("gives up on a listener that does not read, at the deadline", async () => {
    await using world = await testWorld()
    const address = join(world.directory, "audit.sock")
    const server = createServer(socket => socket.on("error", () => {}).pause()).listen({ path: address })
    await once(server, "listening")
    const accepted = once(server, "connection")
    const device = await open(world, { type: "socket", options: { address, socket_type: "unix" } })
    const large = { ...testRequest(), error: "x".repeat(8 * 1024 * 1024) }
    const outcome = assert.rejects(device.request(large), /has not taken a write within 2 s/)
    const [socket] = await accepted
    // Nor do those wait for ever who came while the first was waiting, or who come afterwards.
    const behind = assert.rejects(device.request(testRequest()), /has not taken a write within 2 s/)
    const reload = assert.rejects(device.reload(), /has not taken a write within 2 s/)
    world.advance(2000)
    await outcome
    await assert.rejects(device.request(testRequest()), /stuck in a write/)
    await Promise.all([behind, reload])
    socket.destroy()
    server.close()
    await device.close("stop")
  })

  test("connects only where the server permits it", async () => {
    await using world = await testWorld()
    const guarded = {
      ...world,
      resolve: async () => Promise.reject(new Error("link-local addresses are not permitted")),
    }
    const device = await openDevice(
      world.entry({ ...UNCHAINED, type: "socket", options: { address: "169.254.169.254:80" } }),
      guarded,
    )
    await assert.rejects(device.request(testRequest()), /link-local addresses are not permitted/)
  })

  test("sends one datagram a record over UDP", async () => {
    await using world = await testWorld()
    const receiver = createSocket("udp4")
    receiver.bind(0, "127.0.0.1")
    await once(receiver, "listening")
    const options = { address: `127.0.0.1:${receiver.address().port}`, socket_type: "udp" }
    const device = await open(world, { type: "socket", options })
    const datagram = once(receiver, "message")
    await device.request(testRequest(7))
    const [message] = await datagram
    assert.equal(JSON.parse(String(message)).request.path, "secret/data/app/7")
    await assert.rejects(device.request({ ...testRequest(), error: "x".repeat(70_000) }), /EMSGSIZE/)
    await device.close("stop")
    receiver.close()
  })
})

describe("the syslog device", () => {
  test("writes RFC 3164 lines to a local socket, with facility, tag and process", async () => {
    await using world = await testWorld()
    await using listener = await listening(join(world.directory, "log"))
    const options = { address: `unix://${listener.address}`, facility: "local3", tag: "arca" }
    const device = await open(world, { type: "syslog", options })
    await Promise.all([device.request(testRequest(1)), device.request(testRequest(2))])
    const lines = await listener.lines(2)
    for (const line of lines) {
      const [, pid, record = ""] =
        /^<158>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d arca\[(\d+)\]: (\{.*\})$/.exec(line) ?? []
      assert.equal(Number(pid), process.pid)
      assert.equal(JSON.parse(record).type, "request")
    }
    await device.close("stop")
  })

  test("writes to a remote syslog with time and host", async () => {
    await using world = await testWorld()
    const receiver = createSocket("udp4")
    receiver.bind(0, "127.0.0.1")
    await once(receiver, "listening")
    const device = await open(world, {
      type: "syslog",
      options: { address: `udp://127.0.0.1:${receiver.address().port}` },
    })
    const datagram = once(receiver, "message")
    await device.request(testRequest())
    assert.match(String((await datagram)[0]), /^<38>2026-01-02T03:04:05Z \S+ vault\[\d+\]: \{"time"/)
    await device.close("stop")
    receiver.close()
  })

  test("refuses an unknown facility and tags that could forge a header", async () => {
    await using world = await testWorld()
    const address = "udp://127.0.0.1:514"
    await assert.rejects(
      open(world, { type: "syslog", options: { address, facility: "NONE" } }),
      /invalid syslog facility/,
    )
    await assert.rejects(open(world, { type: "syslog", options: { address, tag: "a: x\n<1>" } }), /tag/)
  })
})

describe("the http device", () => {
  async function collector(status: (count: number) => number) {
    const requests: { headers: IncomingMessage["headers"]; body: string }[] = []
    const server = createHttpServer(async (request, response) => {
      let body = ""
      for await (const chunk of request) body += chunk
      requests.push({ headers: request.headers, body })
      response.writeHead(status(requests.length), { location: "/elsewhere" }).end("not echoed")
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    return { server, requests, uri: `http://127.0.0.1:${port}/audit` }
  }

  test("posts each record, with the headers configured", async () => {
    await using world = await testWorld()
    const { server, requests, uri } = await collector(() => 204)
    const headers = '{"X-Scope": ["tenant"]}'
    const device = await open(world, { type: "http", options: { uri, headers } })
    await Promise.all([device.request(testRequest(1)), device.request(testRequest(2))])
    assert.deepEqual(
      requests.map(({ body }) => JSON.parse(body).request.path),
      ["secret/data/app/1", "secret/data/app/2"],
    )
    assert.equal(requests[0]?.headers["x-scope"], "tenant")
    await device.close("stop")
    const batched = await open(world, { type: "http", options: { uri, batch: "true" } })
    await Promise.all([batched.request(testRequest(1)), batched.request(testRequest(2))])
    assert.equal(requests[2]?.body.trimEnd().split("\n").length, 2)
    await batched.close("stop")
    server.close()
  })

  test("counts neither an error nor a redirect as taken, and says no word of the answer", async () => {
    await using world = await testWorld()
    const { server, requests, uri } = await collector(count => (count === 1 ? 302 : 500))
    const device = await open(world, { type: "http", options: { uri } })
    await assert.rejects(device.request(testRequest()), /status 302$/)
    await assert.rejects(device.request(testRequest()), /status 500$/)
    assert.equal(requests.length, 2)
    await device.close("stop")
    server.close()
  })

  test("gives up on a collector that does not answer, at the deadline", async () => {
    await using world = await testWorld()
    const server = createHttpServer(() => {}).listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const device = await open(world, {
      type: "http",
      options: { uri: `http://127.0.0.1:${port}/`, write_timeout: "3s" },
    })
    const asked = once(server, "request")
    const outcome = assert.rejects(device.request(testRequest()), /within 3 s/)
    await asked
    world.advance(3000)
    await outcome
    await device.close("stop")
    server.closeAllConnections()
    server.close()
  })
})

describe("a chain on a device that fails", () => {
  test("declares the records that may be lost, and verifies", async () => {
    await using world = await testWorld()
    const address = join(world.directory, "audit.sock")
    const entry = world.entry({ type: "socket", options: { address, socket_type: "unix" } })
    const device = await openDevice(entry, world)
    // Nobody listens: nothing was sent, and nothing is missing later.
    await assert.rejects(device.request(testRequest(0)))
    assert.equal(device.chainState()?.size, 0)
    let received = ""
    const server = createServer(socket => {
      socket.on("error", () => {})
      socket.once("data", first => {
        received += first
        socket.pause()
      })
    }).listen({ path: address })
    await once(server, "listening")
    const connected = once(server, "connection")
    await device.request(testRequest(1))
    const [socket] = await connected
    // The listener stops reading in the middle of a record, of which nobody can say whether it arrived.
    const outcome = assert.rejects(device.request({ ...testRequest(2), error: "x".repeat(8 * 1024 * 1024) }))
    await turns(10)
    world.advance(2000)
    await outcome
    socket.destroy()
    const closed = once(server, "close")
    server.close()
    await closed
    const successor = createServer(peer => {
      // A collector ends the line that its last client broke off.
      received += "\n"
      peer.on("data", chunk => (received += chunk))
    }).listen({ path: address })
    await once(successor, "listening")
    await turns(10)
    await device.request(testRequest(3))
    await device.close("stop")
    const done = once(successor, "close")
    successor.close()
    await done
    const file = join(world.directory, "received.log")
    await writeFile(file, received)
    const result = await verifyAudit([file], { publicKey: world.publicKey })
    assert.deepEqual(result.findings, [])
    assert.equal(result.chains[0]?.lost, 1)
    assert.equal(result.torn, 1)
  })

  test("signs what waits for a signature when the time is up", async () => {
    await using world = await testWorld()
    const device = await openDevice(world.entry(), world)
    await device.request(testRequest())
    await device.request(testRequest())
    world.advance(60_000)
    await device.request(testRequest())
    await device.reload()
    // The first one is of the start, with the first record.
    assert.deepEqual(
      world.checkpoints.slice(0, 2).map(({ state }) => state.size),
      [3, 6],
    )
    assert.match(world.checkpoints[1]?.note ?? "", /^cluster-1\/node-1\/file\n5\n/)
    await device.close("stop")
  })
})

/**
 * A fake MongoDB: users in memory behind OP_MSG, as much as createUser, updateUser and dropUser need. No server of MongoDB's own can
 * be had from the registries we use. It is driven by MongoDB's own client, which checks the protocol; commands and errors follow the
 * command reference of the manual (codes 11 UserNotFound, 51003 duplicate), and FerretDB 1.24 answers with the same codes. It knows
 * no authentication: engines/database/mongodb.test.ts shows that by FerretDB, by hand.
 */

import { once } from "node:events"
import { createServer, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { BSON } from "mongodb"

export interface FakeUser {
  pwd: string
  roles: unknown
}

export interface FakeMongo {
  readonly port: number
  /** By database and name: `admin.app`. */
  readonly users: Map<string, FakeUser>
  stop(): Promise<void>
}

type Document = Record<string, unknown>

/** Starts a fake; with a certificate and its key, in PEM, it speaks TLS. */
export async function start(tls?: { readonly cert: string; readonly key: string }): Promise<FakeMongo> {
  const users = new Map<string, FakeUser>()
  const sockets = new Set<Socket>()
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
    let buffered = Buffer.alloc(0)
    socket.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk])
      while (buffered.length >= 4 && buffered.length >= buffered.readInt32LE(0)) {
        const length = buffered.readInt32LE(0)
        socket.write(answerTo(buffered.subarray(0, length), users))
        buffered = buffered.subarray(length)
      }
    })
  }
  const server = (tls === undefined ? createServer(serve) : createTlsServer(tls, serve)).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("No port")
  return {
    port: address.port,
    users,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    },
  }
}

const OP_QUERY = 2004
const OP_MSG = 2013

function answerTo(message: Buffer, users: Map<string, FakeUser>): Buffer {
  const id = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_QUERY) {
    // The first hello of a connection comes in the older form: flags, a name ending in NUL, two numbers, the document.
    const document = BSON.deserialize(message.subarray(message.indexOf(0, 20) + 9)) as Document
    return replyOf(id, reply(document, users), true)
  }
  if (code !== OP_MSG) throw new Error(`unknown operation ${code}`)
  return replyOf(id, reply(BSON.deserialize(message.subarray(21)) as Document, users), false)
}

function replyOf(id: number, document: Document, old: boolean): Buffer {
  const body = BSON.serialize(document)
  const head = Buffer.alloc(old ? 36 : 21)
  head.writeInt32LE(head.length + body.length, 0)
  head.writeInt32LE(id, 8)
  head.writeInt32LE(old ? 1 : OP_MSG, 12)
  if (old) head.writeInt32LE(1, 32)
  return Buffer.concat([head, body])
}

const OK = { ok: 1 }

function reply(command: Document, users: Map<string, FakeUser>): Document {
  const [name = ""] = Object.keys(command)
  const key = `${command.$db}.${command[name]}`
  const missing = { ok: 0, code: 11, codeName: "UserNotFound", errmsg: `Could not find user ${key}` }
  switch (name) {
    case "hello":
    case "ismaster":
    case "isMaster":
      return {
        ...OK,
        isWritablePrimary: true,
        ismaster: true,
        maxWireVersion: 21,
        minWireVersion: 0,
        helloOk: true,
        maxBsonObjectSize: 16777216,
        maxMessageSizeBytes: 48000000,
        maxWriteBatchSize: 100000,
      }
    case "createUser":
      if (users.has(key)) return { ok: 0, code: 51003, errmsg: `User "${command[name]}" already exists` }
      users.set(key, { pwd: String(command.pwd), roles: command.roles })
      return OK
    case "updateUser": {
      const user = users.get(key)
      if (user === undefined) return missing
      user.pwd = String(command.pwd)
      return OK
    }
    case "dropUser":
      return users.delete(key) ? OK : missing
    default:
      return OK
  }
}

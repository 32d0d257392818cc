/**
 * Three ways to talk to a server: bytes on a socket (malformed HTTP), one request (normal clients), and many requests that
 * are released at the same moment (races).
 */

import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** One answer as it came over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  /** The parsed body; undefined when there is none or it is no JSON. */
  readonly json: unknown
}

export interface Ask {
  readonly method?: string
  /** Below /v1/; sent as it is, so it may hold escapes. */
  readonly path: string
  readonly token?: string
  readonly namespace?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; text and bytes are sent as they are. */
  readonly body?: unknown
}

const bytesOf = (body: unknown): Buffer => {
  if (body === undefined) return Buffer.alloc(0)
  if (typeof body === "string") return Buffer.from(body)
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
}

/** The bytes of a well-formed request that asks for the connection to be closed. */
export function requestBytes(ask: Ask): Buffer {
  const body = bytesOf(ask.body)
  const headers = {
    Host: "127.0.0.1",
    Connection: "close",
    ...(ask.token === undefined || ask.token === "" ? {} : { "X-Vault-Token": ask.token }),
    ...(ask.namespace === undefined ? {} : { "X-Vault-Namespace": ask.namespace }),
    ...(body.length > 0 ? { "Content-Length": String(body.length) } : {}),
    ...ask.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${ask.method ?? "GET"} /v1/${ask.path} HTTP/1.1\r\n${lines.join("")}\r\n`), body])
}

const opened = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true })
  socket.on("error", () => {})
  await once(socket, "connect")
  return socket
}

/** Everything that comes until the peer closes, or has said nothing for `silence` milliseconds. */
async function everything(socket: Socket, silence: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let heard = performance.now()
  let closed = false
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    heard = performance.now()
  })
  const gone = new Promise<void>(resolve => {
    socket.once("close", () => {
      closed = true
      resolve()
    })
  })
  while (!closed && performance.now() - heard < silence) await Promise.race([gone, sleep(20)])
  socket.destroy()
  return Buffer.concat(chunks)
}

/** The answers in what a connection delivered, interim ones (1xx) left out. */
export function answersIn(received: Buffer): Answer[] {
  const answers: Answer[] = []
  let rest = received
  for (;;) {
    const end = rest.indexOf("\r\n\r\n")
    const head = /^HTTP\/1\.1 (\d{3})/.exec(rest.toString("latin1", 0, 12))
    if (end < 0 || head === null) return answers
    const lines = rest.toString("latin1", 0, end).split("\r\n").slice(1)
    const headers = new Map(
      lines.map(line => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    )
    const length = Number(headers.get("content-length") ?? 0)
    const text = rest.toString("utf8", end + 4, end + 4 + length)
    if (Number(head[1]) >= 200) answers.push({ status: Number(head[1]), headers, text, json: parsed(text) })
    rest = rest.subarray(end + 4 + length)
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sends bytes, in pieces if they are given so, and returns every answer that comes back. */
export async function sendRaw(port: number, pieces: Buffer | readonly Buffer[], silence = 400): Promise<Answer[]> {
  const socket = await opened(port)
  const answers = everything(socket, silence)
  for (const piece of Array.isArray(pieces) ? pieces : [pieces]) {
    socket.write(piece)
    await sleep(Array.isArray(pieces) ? 5 : 0)
  }
  return answersIn(await answers)
}

const LOST: Answer = { status: 0, headers: new Map(), text: "", json: undefined }

/** One well-formed request. Status 0 when the connection ended without an answer. */
export async function sendOne(port: number, ask: Ask): Promise<Answer> {
  const socket = await opened(port)
  const answers = everything(socket, 30_000)
  socket.write(requestBytes(ask))
  return answersIn(await answers)[0] ?? LOST
}

/** Opens a connection for each request, then releases all of them in one turn of the event loop. */
export async function sendTogether(ports: readonly number[], asks: readonly Ask[]): Promise<Answer[]> {
  const sockets = await Promise.all(asks.map((_, index) => opened(ports[index % ports.length] ?? 0)))
  const answers = sockets.map(socket => everything(socket, 30_000))
  for (const [index, ask] of asks.entries()) sockets[index]?.write(requestBytes(ask))
  return (await Promise.all(answers)).map(bytes => answersIn(bytes)[0] ?? LOST)
}
